import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../math/random.js";
import { readBatch } from "./dataset.js";
import { openDataset } from "./open.js";
import { keepsRecord, type Shift, shiftPictures, shiftSchema } from "./shift.js";

const set = await openDataset({ source: "photos", size: 16 });
const batch = readBatch(set, [0, 1, 2, 3]);
const random = createRandom(3);
const shifted = (shift: Shift) => shiftPictures(batch, shift, random).inputs.data;
const distance = (a: ArrayLike<number>) =>
  Math.sqrt(Array.from(a).reduce((sum, value, i) => sum + (value - batch.inputs.data[i]!) ** 2, 0) / a.length);

describe("a shift of surrogate pictures", () => {
  it("is none unless it is asked for", () => {
    expect(shiftSchema.parse({})).toEqual({ kind: "none", severity: 1 });
    for (const kind of ["none", "classes"] as const)
      expect(shiftPictures(batch, { kind, severity: 1 }, random)).toBe(batch);
    expect(shiftPictures(batch, { kind: "style", severity: 0 }, random)).toBe(batch);
  });

  it.each(["style", "corruption"] as const)(
    "of %s grows with its severity, keeps labels and stays in [0, 1]",
    (kind) => {
      const distances = [0.1, 0.4, 0.7, 1].map((severity) => distance(shifted({ kind, severity })));
      expect(distances).toEqual([...distances].sort((a, b) => a - b));
      expect(distances[3]).toBeGreaterThan(0.03);
      fc.assert(
        fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (severity) => {
          const after = shiftPictures(batch, { kind, severity }, random);
          expect(after.labels).toEqual(batch.labels);
          expect(after.inputs.data.every((value) => value >= 0 && value <= 1)).toBe(true);
        }),
        { numRuns: 20 },
      );
    },
  );

  it("of style at full severity leaves grey and four tones", () => {
    const data = shifted({ kind: "style", severity: 1 });
    expect(new Set(Array.from(data, (value) => Math.round(3 * value)))).toEqual(new Set([0, 1, 2, 3]));
    for (let i = 0; i < 256; i++) expect([data[i], data[256 + i]]).toEqual([data[512 + i], data[512 + i]]);
  });

  it("of classes leaves out the victim's by its severity, the same ones every time", () => {
    const records = Array.from({ length: set.length }, (_, i) => i);
    const kept = (severity: number) => {
      const keeps = keepsRecord({ kind: "classes", severity }, new Set(["cat"]), random);
      return records.filter((record) => keeps(set, record));
    };
    expect(kept(0)).toEqual(records);
    expect(kept(1)).toEqual(records.filter((record) => set.label(record) !== 0));
    const half = kept(0.5).filter((record) => set.label(record) === 0).length / (records.length / 4);
    expect(half).toBeGreaterThan(0.35);
    expect(half).toBeLessThan(0.65);
    expect(kept(0.5)).toEqual(kept(0.5));
  });

  it("is decided by its random stream", () => {
    const corrupt = (seed: number) =>
      shiftPictures(batch, { kind: "corruption", severity: 1 }, createRandom(seed)).inputs;
    expect(corrupt(1)).toEqual(corrupt(1));
    expect(corrupt(1)).not.toEqual(corrupt(2));
  });
});
