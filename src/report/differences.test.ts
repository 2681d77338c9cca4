// Two audits: which cells are the same case, how they changed, and which settings differ.
import { describe, expect, it } from "vitest";
import { sampleAudit } from "../../test/report-sample.js";
import type { CellJson } from "../audit/audit-json.js";
import { pairCells, settingDifferences } from "./differences.js";

const { cells } = sampleAudit();
const [leak] = cells as [CellJson];
const changeOf = (before: CellJson[], after: CellJson[]) => pairCells(before, after).map(({ change }) => change);

describe("pairCells", () => {
  it("finds nothing changed between an audit and itself but what was never decided", () => {
    const changes = changeOf(cells, cells);
    expect(changes).toHaveLength(cells.length);
    expect(changes.filter((change) => change === "undecided")).toHaveLength(2);
    expect(changes.filter((change) => change === "same")).toHaveLength(cells.length - 2);
  });

  it("tells more from less by the share of pictures, then by decibels beyond the noise", () => {
    const half = { ...leak, images: leak.images.map((image, i) => ({ ...image, leaked: i < 2 })) };
    expect(changeOf([half], [leak])).toEqual(["leaks more"]);
    expect(changeOf([leak], [half])).toEqual(["leaks less"]);
    const psnr = leak.scores.psnr!;
    const by = (decibels: number) => ({
      ...leak,
      scores: { ...leak.scores, psnr: { ...psnr, best: psnr.best! + decibels } },
    });
    expect(changeOf([leak], [by(0.5)])).toEqual(["same"]);
    expect(changeOf([leak], [by(-3)])).toEqual(["leaks less"]);
  });

  it("never calls unknown an improvement", () => {
    expect(changeOf([leak], [{ ...leak, status: "unknown" }])).toEqual(["undecided"]);
  });

  it("matches by case, and lists what only one of them ran", () => {
    const other = { ...leak, case: { seed: 2 } };
    expect(changeOf([leak], [other])).toEqual(["only before", "only after"]);
    expect(changeOf([leak, leak], [leak])).toEqual(["only before", "same"]);
  });
});

it("lists settings and versions that differ, and nothing else", () => {
  const after = sampleAudit((audit) => {
    audit.config.federation.batchSize = 8;
    audit.tool.code = "other";
    audit.startedAt = "2026-02-01T00:00:00.000Z";
  });
  expect(settingDifferences(sampleAudit(), after)).toEqual([
    { field: "federation.batchSize", before: "1", after: "8" },
    { field: "tool.code", before: '"9c1e55d0"', after: '"other"' },
  ]);
});
