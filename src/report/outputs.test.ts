// The outputs beside report and JSON: what programs read of them, and that hostile names stay text.
import { describe, expect, it } from "vitest";
import { sampleAudit } from "../../test/report-sample.js";
import type { AuditJson } from "../audit/audit-json.js";
import { renderCsv } from "./csv.js";
import { formats } from "./formats.js";
import { renderJunit } from "./junit.js";
import { renderMarkdown } from "./markdown.js";

const audit = sampleAudit();
const statuses = audit.cells.map(({ status }) => status);
const hostile = `=cmd|"' </td><script>alert(1)</script>\n| x | \u0000\u202e [a](javascript:b) \`c\``;
const named: AuditJson = {
  ...audit,
  cells: audit.cells.map((cell) => ({ ...cell, attackTitle: hostile, reason: hostile, defense: hostile })),
  assertions: [
    {
      ...{ selector: "attack/*", level: "error", limit: "maxLeaks", bound: 0, aggregate: "pessimistic" },
      ...{ measured: 2, outcome: "failed", cells: 3, worstCell: "k" },
    },
  ],
};

/** Fields of comma-separated values, quotes undone. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, bare, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? bare ?? "");
    if (end === "\r\n") rows.push([]);
  }
  return rows.slice(0, -1);
}

describe("cells.csv", () => {
  it("has a row per cell with the figures of audit.json", () => {
    const [head, ...rows] = readCsv(renderCsv(audit));
    expect(rows).toHaveLength(audit.cells.length);
    const column = (name: string) => rows.map((row) => row[head!.indexOf(name)]);
    expect(column("status")).toEqual(statuses);
    expect(column("psnr_best").map((text) => (text === "" ? null : Number(text)))).toEqual(
      audit.cells.map(({ scores }) => scores.psnr?.best ?? null),
    );
    expect(new Set(rows.map(({ length }) => length))).toEqual(new Set([head!.length]));
  });

  it("keeps hostile texts in their field, and from being formulas", () => {
    const [head, ...rows] = readCsv(renderCsv(named));
    expect(rows.map((row) => row[head!.indexOf("reason")])).toEqual(rows.map(() => `'${hostile}`));
  });
});

describe("junit.xml", () => {
  it("counts errors, skips what is undecided, and fails by assertions only", () => {
    const text = renderJunit(audit);
    const count = (pattern: RegExp) => [...text.matchAll(pattern)].length;
    expect(count(/<testcase /g)).toBe(statuses.length);
    expect(count(/<error /g)).toBe(statuses.filter((status) => status === "error").length);
    expect(count(/<skipped /g)).toBe(statuses.filter((s) => s === "unknown" || s === "not-applicable").length);
    expect(count(/<failure /g)).toBe(0);
    expect([...renderJunit(named).matchAll(/<failure /g)]).toHaveLength(1);
  });

  it("is well-formed with hostile names", () => {
    const text = renderJunit(named);
    expect(text).not.toContain("<script");
    expect(text).not.toContain("\u0000");
    // Every < begins one of our own elements.
    const elements = /<\/?(\?xml|testsuites|testsuite|testcase|system-out|skipped|failure|error)[ >/]/;
    for (const [at] of text.matchAll(/<[^\s>]+[ >/]/g)) expect(at).toMatch(elements);
  });
});

describe("summary.md", () => {
  it("says what leaked, to whom, and lists every attack of every adversary", () => {
    const text = renderMarkdown(audit);
    expect(text).toContain("gets training pictures back");
    const pairs = new Set(audit.cells.map(({ threat, attack }) => `${threat} ${attack}`));
    const table = text.split("## Vulnerabilities to known attacks")[1]!.split("\n\n")[1]!;
    expect(table.trim().split("\n")).toHaveLength(pairs.size + 2);
    expect(text).not.toContain("## Assertions");
    expect(text).toContain("  - Top-k sparsification in NVIDIA FLARE: PercentilePrivacy(percentile, gamma)\n");
    expect(text).toContain("  - Top-k sparsification in Flower: no ready part\n");
  });

  it("keeps hostile names as text on their line", () => {
    const text = renderMarkdown(named);
    expect(text).not.toContain("<script");
    expect(text).not.toContain("[a](");
    const rows = text.split("\n").filter((line) => line.startsWith("| "));
    const cellsOf = (line: string) => line.replaceAll("\\|", "").split("|").length;
    for (const line of rows) expect([8, 9, 7]).toContain(cellsOf(line));
    expect(text).toContain("maxLeaks 0 | 2 | failed |");
  });
});

it("every ending has a writer", () => {
  expect(Object.keys(formats)).toEqual([".json", ".html", ".xml", ".csv", ".md"]);
  for (const write of Object.values(formats)) expect(write(audit).length).toBeGreaterThan(500);
});
