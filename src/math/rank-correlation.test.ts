import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { kendall, meanRanks, spearman } from "./rank-correlation.js";

const values = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 2, maxLength: 12 });
const pairs = values.chain((a) => fc.tuple(fc.constant(a), fc.shuffledSubarray(a, { minLength: a.length })));

describe("rank correlation", () => {
  it("gives ties the mean of their places", () => {
    expect(meanRanks([10, 20, 20, 5, 20])).toEqual([2, 4, 4, 1, 4]);
    expect(meanRanks([Number.POSITIVE_INFINITY, 0, Number.NEGATIVE_INFINITY])).toEqual([3, 2, 1]);
  });

  // By hand: ranks (1, 2.5, 2.5, 4) and (1, 3, 2, 4); tau-b: 5 concordant of 5 untied pairs in a, 6 in b.
  it("has known answers", () => {
    expect(spearman([1, 2, 2, 3], [1, 3, 2, 4])).toBeCloseTo(4.5 / Math.sqrt(4.5 * 5), 14);
    expect(kendall([1, 2, 2, 3], [1, 3, 2, 4])).toBeCloseTo(5 / Math.sqrt(5 * 6), 14);
    // 1 - 6 Σd² / (n (n² - 1)) without ties: d = (1, 1, 2, 1, 1).
    expect(spearman([1, 2, 3, 4, 5], [2, 1, 5, 3, 4])).toBeCloseTo(1 - (6 * 8) / (5 * 24), 14);
    expect(kendall([1, 2, 3, 4, 5], [2, 1, 5, 3, 4])).toBeCloseTo((7 - 3) / 10, 14);
  });

  it.each([
    ["spearman", spearman],
    ["kendall", kendall],
  ] as const)("%s is symmetric, within [-1, 1], blind to scale, and turns with the order", (_, correlation) => {
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        const found = correlation(a, b);
        expect(correlation(b, a)).toBe(found);
        if (new Set(a).size === 1) {
          expect(found).toBeNull();
          return;
        }
        expect(Math.abs(found!)).toBeLessThanOrEqual(1 + 1e-14);
        expect(
          correlation(
            a.map((x) => Math.exp(x)),
            b,
          ),
        ).toBeCloseTo(found!, 13);
        expect(
          correlation(
            a.map((x) => -x),
            b,
          ),
        ).toBeCloseTo(-found!, 13);
        expect(correlation(a, a)).toBeCloseTo(1, 14);
      }),
    );
  });

  it("is undefined where nothing can be ordered", () => {
    for (const correlation of [spearman, kendall]) {
      expect(correlation([], [])).toBeNull();
      expect(correlation([1], [2])).toBeNull();
      expect(correlation([3, 3, 3], [1, 2, 3])).toBeNull();
      expect(() => correlation([1, 2], [1])).toThrow(/needs pairs, got 2 and 1/);
      expect(() => correlation([1, Number.NaN], [1, 2])).toThrow(/cannot rank NaN/);
    }
  });
});
