// The page as a whole: structure, safety against hostile audits, statuses. Read by a strict reader of tags, not by eye.
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shapeOf, tagsOf } from "../../test/html-tags.js";
import { sampleAudit } from "../../test/report-sample.js";
import { type AuditJson, auditSchema } from "../audit/audit-json.js";
import { renderReport } from "./html.js";

const fixed = new Set([
  "status",
  "moreLeakage",
  "severity",
  "originals",
  "algorithm",
  "mode",
  "bnStats",
  "batches",
  "normalization",
]);
const pictures = new Set(["original", "reconstruction", "floor"]);
const named = new Set(["scores", "floor", "summary", "attackOptions", "defenseOptions"]);

/** The audit with `suffix` behind every free string and every free key. */
function suffixed(value: unknown, suffix: string, field = ""): unknown {
  if (typeof value === "string") {
    const kept = fixed.has(field) || (pictures.has(field) && value.startsWith("data:")) || field === "enum";
    return kept ? value : value + suffix;
  }
  if (Array.isArray(value)) return value.map((part) => suffixed(part, suffix, field));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [
      named.has(field) ? key + suffix : key,
      suffixed(part, suffix, field === "recipe" && key === "labels" ? "enum" : key),
    ]),
  );
}

const withSuffix = (suffix: string) => suffixed(sampleAudit(), suffix) as AuditJson;

describe("renderReport", () => {
  const page = renderReport(sampleAudit());

  it("is made from a valid audit", () => expect(auditSchema.safeParse(sampleAudit()).error).toBeUndefined());

  it("nests its tags, quotes its attributes and uses every id once", () => {
    const ids = tagsOf(page).flatMap(({ attributes }) => attributes.get("id") ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    const targets = tagsOf(page).flatMap(({ attributes }) => attributes.get("href") ?? []);
    for (const target of targets) expect(ids).toContain(target.slice(1));
    for (const tag of tagsOf(page)) if (tag.name === "img") expect(tag.attributes.has("alt")).toBe(true);
  });

  it("loads nothing and runs nothing", () => {
    const tags = tagsOf(page);
    expect(tags.filter(({ name }) => ["script", "link", "iframe", "object", "base", "form"].includes(name))).toEqual(
      [],
    );
    for (const { attributes } of tags) {
      for (const [name, value] of attributes) {
        expect(name).not.toMatch(/^on|^style$/);
        if (name === "src") expect(value).toMatch(/^data:image\/png;base64,/);
        if (name === "href") expect(value).toMatch(/^#/);
      }
    }
    expect(/<style>([^<]*)<\/style>/.exec(page)![1]).not.toMatch(/url\(|@import/);
  });

  it("has a content policy whose hash is that of its style", () => {
    const style = /<style>([^<]*)<\/style>/.exec(page)![1]!;
    const hash = createHash("sha256").update(style).digest("base64");
    const policy = tagsOf(page).find(({ attributes }) => attributes.get("http-equiv") === "Content-Security-Policy");
    const content = policy!.attributes.get("content")!.replaceAll("&#39;", "'");
    expect(content).toBe(
      `default-src 'none'; img-src data:; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`,
    );
  });

  it("shows hostile text in every field as text", () => {
    const hostile = `"'\`><img src=x onerror=alert(1)></title></style><script>alert(2)</script>`;
    const attacked = renderReport(withSuffix(hostile));
    expect(shapeOf(attacked)).toEqual(shapeOf(renderReport(withSuffix("zz"))));
    expect(attacked).toContain("&lt;script&gt;alert(2)&lt;/script&gt;");
  });

  it("keeps its structure whatever the text", () => {
    const plain = shapeOf(renderReport(withSuffix("zz")));
    const text = fc.string({
      unit: fc.constantFrom("<", ">", '"', "'", "&", "`", "=", " ", "/", "a", "\u202e"),
      minLength: 1,
    });
    fc.assert(
      fc.property(text, (suffix) => {
        expect(shapeOf(renderReport(withSuffix(`q${suffix}`)))).toEqual(plain);
      }),
      { numRuns: 15 },
    );
  });

  it("says each status in word, shape and colour; unknown and error share the grey and no green", () => {
    for (const [status, text] of [
      ["leak", "● leak"],
      ["resisted", "○ resisted"],
      ["unknown", "? unknown"],
      ["error", "× error"],
      ["not-applicable", "– not applicable"],
    ]) {
      expect(page).toMatch(
        new RegExp(
          `<a class="entry ${status}" href="#cell-\\d+"><span class="word">${text!.replace("?", "\\?")}</span>`,
        ),
      );
    }
    const style = /<style>([^<]*)<\/style>/.exec(page)![1]!;
    expect(style).toMatch(/\.entry \{[^}]*background-color: var\(--grey-ground\); color: var\(--grey\)/);
    expect(style).not.toMatch(/\.(entry|tag)\.(unknown|error)/);
  });

  it("tells a shared computation once", () => {
    expect(page).toContain("Adversary A; B: same observation as under A, same result. Seed 1.");
    expect(page.match(/<article /g)).toHaveLength(6);
  });

  it("folds the details of a large audit, all but what the first screen shows", () => {
    const many = renderReport(
      sampleAudit((audit) => {
        const [cell] = audit.cells;
        audit.cells = Array.from({ length: 13 }, (_, seed) => ({ ...cell!, case: { seed } }));
      }),
    );
    expect(many.match(/<summary>Pictures and figures<\/summary>/g)).toHaveLength(12);
    expect(page).not.toContain("<summary>Pictures and figures</summary>");
  });

  it("marks every place that shows figures with known labels", () => {
    const cell = sampleAudit().cells.find(({ recipe }) => recipe.labels === "known")!;
    const alone = renderReport({ ...sampleAudit(), cells: [cell] });
    const partOf = (start: string, end: string) =>
      alone.slice(alone.indexOf(start), alone.indexOf(end, alone.indexOf(start)));
    for (const [start, end] of [
      ['class="exhibit"', 'class="facts"'],
      ['class="matrix"', "</table>"],
      ["<article", "</header>"],
      ['class="pictures"', "</ul>"],
      ['class="figures-table"', "</table>"],
    ]) {
      expect(partOf(start!, end!)).toContain("◦ labels known");
    }
  });

  it("shows what could be said before any attack, and nothing where it was not measured", () => {
    expect(page).toContain("Before any attack");
    expect(page).toMatch(/Gradient norm[\s\S]*?<td>higher<\/td><td>1.2<\/td><td>4.2<\/td><td>0.80<\/td>/);
    expect(page).toMatch(/LAVP[\s\S]*?more than 200,000 input entries[\s\S]*?needs 3 cells/);
    expect(renderReport({ ...sampleAudit(), vulnerability: null })).not.toContain("Before any attack");
  });

  it("prints undefined figures as undefined, with the reason", () => {
    expect(page).toContain('<abbr title="ssim/gauss11-valid">ssim</abbr> undefined');
    expect(page).toContain("undefined where: a made-up reason");
  });
});
