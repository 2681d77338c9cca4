// The page as a whole: structure, safety against hostile audits, statuses. Read by a strict reader of tags, not by eye.
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shapeOf, tagsOf } from "../../test/html-tags.js";
import { sampleAudit } from "../../test/report-sample.js";
import { type AuditJson, auditSchema } from "../audit/audit-json.js";
import { renderReport } from "./html.js";
import { unpackAudit } from "./packed-audit.js";
import { withholdPictures } from "./visible-pictures.js";

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

/** The audit that a page holds as data. */
const embeddedIn = (page: string): AuditJson =>
  unpackAudit(JSON.parse(/<script type="application\/json" id="audit">([^<]*)<\/script>/.exec(page)![1]!));

const partOf = (page: string, element: "script" | "style") =>
  new RegExp(`<${element}>([\\s\\S]*?)</${element}>`).exec(page)![1]!;

const sha256 = (text: string) => createHash("sha256").update(text).digest("base64");

describe("renderReport", () => {
  const page = renderReport(sampleAudit());

  it("is made from a valid audit", () => expect(auditSchema.safeParse(sampleAudit()).error).toBeUndefined());

  it("nests its tags and quotes its attributes", () => {
    const names = tagsOf(page).map(({ name }) => name);
    expect(names.filter((name) => name === "script")).toHaveLength(2);
    expect(names).toContain("noscript");
  });

  it("refers to nothing outside and has no inline handlers or styles", () => {
    const tags = tagsOf(page);
    expect(tags.filter(({ name }) => ["link", "iframe", "object", "base", "form", "img", "a"].includes(name))).toEqual(
      [],
    );
    for (const { attributes } of tags) {
      for (const name of attributes.keys()) expect(name).not.toMatch(/^on|^style$|^src$|^href$/);
    }
    expect(/url\(|@import/.test(partOf(page, "style"))).toBe(false);
  });

  it("has a content policy with the hashes of its script and style, and nothing else", () => {
    const policy = tagsOf(page).find(({ attributes }) => attributes.get("http-equiv") === "Content-Security-Policy");
    const content = policy!.attributes.get("content")!.replaceAll("&#39;", "'");
    expect(content).toBe(
      `default-src 'none'; script-src 'sha256-${sha256(partOf(page, "script"))}'; ` +
        `style-src 'sha256-${sha256(partOf(page, "style"))}'; img-src data:; base-uri 'none'; form-action 'none'`,
    );
  });

  it("stays below 3 MB without pictures", () => {
    const bare = sampleAudit((audit) => {
      for (const cell of audit.cells) cell.images = [];
    });
    expect(renderReport(bare).length).toBeLessThan(1e6);
  });

  it("holds the audit as data, without what its policy withholds", () => {
    expect(embeddedIn(page)).toEqual(JSON.parse(JSON.stringify(withholdPictures(sampleAudit()))));
  });

  it("shows hostile text in every field as text", () => {
    const hostile = `"'\`><img src=x onerror=alert(1)></title></style></noscript><!--</script><script>alert(2)</script>`;
    const attacked = renderReport(withSuffix(hostile));
    expect(shapeOf(attacked)).toEqual(shapeOf(renderReport(withSuffix("zz"))));
    expect(attacked.includes("&lt;script&gt;alert(2)&lt;/script&gt;")).toBe(true);
    expect(embeddedIn(attacked).cells[0]!.attackTitle.endsWith(hostile)).toBe(true);
  });

  it("keeps its structure whatever the text", () => {
    const plain = shapeOf(renderReport(withSuffix("zz")));
    const text = fc.string({
      unit: fc.constantFrom("<", ">", '"', "'", "&", "`", "=", " ", "/", "a", "-", "!", "\u202e", "\u2028"),
      minLength: 1,
    });
    fc.assert(
      fc.property(text, (suffix) => {
        const attacked = renderReport(withSuffix(`q${suffix}`));
        expect(shapeOf(attacked)).toEqual(plain);
        expect(embeddedIn(attacked).data.id.endsWith(suffix)).toBe(true);
      }),
      { numRuns: 15 },
    );
  });

  it("says headline, findings and how sure they are without its script", () => {
    const told = /<noscript>([\s\S]*)<\/noscript>/.exec(page)![1]!;
    for (const text of [
      "Somebody who records the traffic between one client and the server gets training pictures back.",
      "Recorded traffic is enough to see the training pictures",
      "Switch on top-k with keep 0.01.",
      "between 51 % and 100 %",
    ]) {
      expect(told.includes(text)).toBe(true);
    }
  });
});
