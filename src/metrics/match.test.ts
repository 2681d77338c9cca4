// Matching: permutations that do not undo themselves, rectangular batches, many candidates, diverged pictures.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Image } from "./define.js";
import { matchBatch } from "./match.js";

const picture = (...data: number[]): Image => ({ shape: [1, 1, data.length], data: Float64Array.from(data) });
const dots = (...values: number[]) => values.map((value) => picture(value));

describe("matchBatch", () => {
  it("undoes a rotation, where the inverse permutation would be wrong", () => {
    const originals = dots(0, 0.5, 1);
    const { pairs, greedyAgrees } = matchBatch(dots(0.5, 1, 0), originals);
    expect(pairs).toEqual([
      { reconstruction: 2, original: 0, mse: 0 },
      { reconstruction: 0, original: 1, mse: 0 },
      { reconstruction: 1, original: 2, mse: 0 },
    ]);
    expect(greedyAgrees).toBe(true);
  });

  it("takes the smallest total where the nearest neighbours collide, and says so", () => {
    const { pairs, greedyAgrees } = matchBatch(dots(0.4, 0.5), dots(0.5, 0.9));
    expect(pairs.map(({ reconstruction, original }) => [reconstruction, original])).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect(greedyAgrees).toBe(false);
  });

  it("lists originals that nothing was matched to", () => {
    const matching = matchBatch(dots(0.9), dots(0, 0.5, 1));
    expect(matching.pairs.map((pair) => pair.original)).toEqual([2]);
    expect(matching.unmatchedOriginals).toEqual([0, 1]);
    expect(matching.unmatchedReconstructions).toEqual([]);
  });

  it("keeps the best of many candidates for each original", () => {
    const matching = matchBatch(dots(0.7, 0.02, 0.6, 0.5, 0.97, 0.2), dots(0, 0.5, 1));
    expect(matching.pairs.map((pair) => pair.reconstruction)).toEqual([1, 3, 4]);
    expect(matching.unmatchedReconstructions).toEqual([0, 2, 5]);
    expect(matching.unmatchedOriginals).toEqual([]);
  });

  it("scores every original even where two share their best candidate", () => {
    const matching = matchBatch(dots(0.5, 0, 0.1), dots(0.45, 0.52));
    expect(matching.pairs.map(({ reconstruction, original }) => [reconstruction, original])).toEqual([
      [2, 0],
      [0, 1],
    ]);
    expect(matching.greedyAgrees).toBe(true);
  });

  it("never matches a reconstruction that is not a number", () => {
    const matching = matchBatch(dots(Number.NaN, 0.4), dots(0, 0.5));
    expect(matching.pairs.map(({ reconstruction, original }) => [reconstruction, original])).toEqual([[1, 1]]);
    expect(matching.unmatchedReconstructions).toEqual([0]);
    expect(matching.unmatchedOriginals).toEqual([0]);
  });

  it("takes empty lists", () => {
    expect(matchBatch([], dots(1, 0)).unmatchedOriginals).toEqual([0, 1]);
    expect(matchBatch(dots(1, 0), []).unmatchedReconstructions).toEqual([0, 1]);
    expect(matchBatch(dots(Number.NaN), dots(1)).pairs).toEqual([]);
  });

  it("refuses pictures of different sizes", () => {
    expect(() => matchBatch([picture(0, 1)], dots(1))).toThrow(/1x1x2.*1x1x1/);
  });

  it("finds any shuffle of distinct pictures and covers each index once", () => {
    const distinct = fc.uniqueArray(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(
        distinct.chain((values) => fc.tuple(fc.constant(values), fc.shuffledSubarray(values))),
        ([values, subset]) => {
          const toPictures = (numbers: number[]) => numbers.map((number) => picture(number / 1000, 0.5));
          const matching = matchBatch(toPictures(subset), toPictures(values));
          for (const pair of matching.pairs) expect(values[pair.original]).toBe(subset[pair.reconstruction]);
          expect(matching.pairs).toHaveLength(subset.length);
          expect(matching.unmatchedOriginals).toHaveLength(values.length - subset.length);
        },
      ),
    );
  });
});
