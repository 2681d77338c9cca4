import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tensor } from "../math/tensor.js";
import type { Update } from "./hooks.js";
import { distortion, mapUpdate, plainBytes, updateNorm, weightedSum } from "./update.js";

const update = (a: readonly number[], b: readonly number[] = []): Update =>
  new Map([
    ["a", tensor([a.length], Float64Array.from(a))],
    ["b", tensor([b.length, 1], Float64Array.from(b))],
  ]);
const entries = (value: Update) => [...value.values()].flatMap(({ data }) => [...data]);
const vector = fc.array(
  fc.integer({ min: -9999, max: 9999 }).map((value) => value / 7),
  { minLength: 4, maxLength: 4 },
);

describe("sums", () => {
  it("weights updates by their shares, tensor by tensor", () => {
    const sum = weightedSum([update([1, 2], [3]), update([10, 20], [30])], [0.75, 0.25]);
    expect(entries(sum)).toEqual([3.25, 6.5, 9.75]);
    expect([...sum.values()].map(({ shape }) => shape)).toEqual([[2], [1, 1]]);
  });

  it("is linear in the shares and indifferent to the order of clients", () => {
    fc.assert(
      fc.property(vector, vector, fc.double({ min: 0, max: 1, noNaN: true }), (a, b, share) => {
        const there = entries(weightedSum([update(a), update(b)], [share, 1 - share]));
        const back = entries(weightedSum([update(b), update(a)], [1 - share, share]));
        there.forEach((value, i) => {
          expect(value).toBeCloseTo(share * a[i]! + (1 - share) * b[i]!, 9);
          expect(back[i]).toBeCloseTo(value, 9);
        });
      }),
    );
  });

  it("refuses no updates at all, and updates that differ in their tensors", () => {
    expect(() => weightedSum([], [])).toThrow(/no update to aggregate/);
    expect(() => weightedSum([update([1]), new Map()], [0.5, 0.5])).toThrow(/disagree on tensor "a"/);
    expect(() => weightedSum([update([1]), update([1, 2])], [0.5, 0.5])).toThrow(/disagree on tensor "a"/);
  });

  it("counts norm, bytes and positions over the whole update", () => {
    expect(updateNorm(update([3], [4]))).toBe(5);
    expect(plainBytes(update([1, 2], [3]))).toBe(12);
    expect(entries(mapUpdate(update([5, 5], [5]), (value, position) => value + position))).toEqual([5, 6, 7]);
  });
});

describe("distortion", () => {
  it("matches figures computed by hand", () => {
    const figures = distortion(update([3, 0], [4]), update([3, 1], [-4]));
    expect(figures.relativeL2).toBeCloseTo(Math.sqrt(65) / 5, 12);
    expect(figures.cosine).toBeCloseTo((9 - 16) / (5 * Math.sqrt(26)), 12);
    expect(figures.signAgreement).toBeCloseTo(1 / 3, 12);
    expect(figures.keptFraction).toBe(1);
    expect(figures.snrDb).toBeCloseTo(20 * Math.log10(5 / Math.sqrt(65)), 12);
    expect(figures.identity).toBe(false);
    expect(distortion(update([1, 2, 3, 4]), update([0, 2, 0, 4])).keptFraction).toBe(0.5);
  });

  it("of an update to itself is nothing", () => {
    fc.assert(
      fc.property(vector, (a) => {
        const same = distortion(update(a), update([...a]));
        const nonZero = a.some((value) => value !== 0);
        expect(same).toMatchObject({ relativeL2: 0, signAgreement: 1, keptFraction: 1, snrDb: null, identity: true });
        expect(same.cosine).toBeCloseTo(nonZero ? 1 : 0, 9);
      }),
    );
  });

  it("of a scaled update is the scale: cosine 1, relative distance |s - 1|", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.5, max: 9, noNaN: true }), { minLength: 1, maxLength: 9 }),
        fc.double({ min: 0.1, max: 4, noNaN: true }).filter((scale) => Math.abs(scale - 1) > 1e-3),
        (a, scale) => {
          const figures = distortion(update(a), update(a.map((value) => scale * value)));
          expect(figures.relativeL2).toBeCloseTo(Math.abs(scale - 1), 9);
          expect(figures.cosine).toBeCloseTo(1, 9);
          expect(figures.snrDb).toBeCloseTo(-20 * Math.log10(Math.abs(scale - 1)), 6);
          expect(figures.identity).toBe(false);
        },
      ),
    );
  });

  it("sees no change in the sign of a zero, and a change in a single bit", () => {
    expect(distortion(update([-0, Number.NaN]), update([0, Number.NaN])).identity).toBe(true);
    expect(distortion(update([1]), update([1 + Number.EPSILON])).identity).toBe(false);
  });

  it("stays finite where an update vanishes, and refuses other tensors", () => {
    expect(distortion(update([0, 0]), update([1, 0]))).toMatchObject({ relativeL2: 0, cosine: 0, snrDb: null });
    expect(distortion(update([1, 1]), update([0, 0]))).toMatchObject({ relativeL2: 1, cosine: 0, snrDb: 0 });
    expect(() => distortion(update([1]), new Map())).toThrow(/lacks tensor "a"/);
  });
});
