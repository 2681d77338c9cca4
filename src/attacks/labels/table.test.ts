// Two cells of the specification's table at one net and a few batches; test/proofs/labels.proof.ts measures all of it.
import { describe, expect, it } from "vitest";
import { measureCell, rows, shareNamed } from "../../../test/label-cells.js";
import { openDataset } from "../../data/open.js";

describe("the table of label rules, on drawn portraits", () => {
  it("holds for 8 images of 100 classes without repeats, where all rules are right", async () => {
    const data = await openDataset({ source: "portraits" });
    const cell = rows.find(({ classes, images }) => classes === 100 && images === 8)!;
    const { idlg, ...others } = await measureCell(cell, data, { seed: 1, batches: 4 });
    for (const [name, shares] of Object.entries(others)) expect(shares, name).toEqual([1, 1]);
    expect(idlg).toEqual([1 / 8, 0]);
  });

  it("holds for 16 images of 10 classes with repeats, where rules part", async () => {
    const data = await openDataset({ source: "portraits" });
    const cell = rows.find(({ classes, images }) => classes === 10 && images === 16)!;
    const measured = await measureCell(cell, data, { seed: 1, batches: 12 });
    expect(measured.ilrg).toEqual([1, 1]);
    expect(measured.yin[0]).toBeCloseTo(0.51, 1);
    expect(measured.llg[0]).toBeGreaterThan(0.6);
    expect(measured.llg[0]).toBeLessThan(0.8);
    expect(measured.e2egi[0]).toBeGreaterThan(0.9);
    expect(measured["geng-counts (surrogate)"][0]).toBeGreaterThan(0.95);
    expect(measured["geng-counts (dummies)"][0]).toBeGreaterThan(0.8);
  });

  it("counts a label as often as it stands in both lists", () => {
    expect(shareNamed([1, 1, 2, 3], [1, 2, 2, 3])).toBe(0.75);
    expect(shareNamed([5], [5, 5, 5, 5])).toBe(0.25);
  });
});
