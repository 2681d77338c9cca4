import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawDirichlet } from "./dirichlet.js";
import { createRandom } from "./random.js";

const random = createRandom(6);

describe("a Dirichlet draw", () => {
  it("holds shares from 0 to 1 that add up to 1, for concentrations from 1e-4 to 1e4", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.double({ min: -4, max: 4, noNaN: true }),
        fc.integer({ min: 1, max: 30 }),
        (seed, log, count) => {
          const shares = drawDirichlet(createRandom(seed), 10 ** log, count);
          expect(shares).toHaveLength(count);
          for (const share of shares) expect(share).toBeGreaterThanOrEqual(0);
          expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 10);
        },
      ),
    );
  });

  // Mean 1/k and variance (k - 1) / (k² (k·a + 1)) of every share.
  it.each([0.05, 0.5, 1, 4])("has the mean and variance of concentration %d", (concentration) => {
    const [count, draws] = [4, 20_000];
    const drawn = Array.from(
      { length: draws },
      (_, i) => drawDirichlet(random.split(concentration, i), concentration, count)[0]!,
    );
    const mean = drawn.reduce((sum, share) => sum + share, 0) / draws;
    const variance = drawn.reduce((sum, share) => sum + (share - mean) ** 2, 0) / draws;
    const expected = (count - 1) / (count ** 2 * (count * concentration + 1));
    expect(Math.abs(mean - 1 / count)).toBeLessThan(4 * Math.sqrt(expected / draws));
    expect(Math.abs(variance / expected - 1)).toBeLessThan(0.05);
  });

  it("says what it cannot draw", () => {
    for (const [concentration, count] of [
      [0, 3],
      [Number.NaN, 3],
      [Number.POSITIVE_INFINITY, 3],
      [1, 0],
      [1, 1.5],
    ] as const) {
      expect(() => drawDirichlet(random, concentration, count)).toThrow(RangeError);
    }
  });
});
