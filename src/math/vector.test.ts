import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addScaled, dot, maxAbs, sumAbs } from "./vector.js";

const vector = fc.array(fc.integer({ min: -1000, max: 1000 }), { maxLength: 23 }).map((a) => Float64Array.from(a));

describe("vector", () => {
  it("agrees with plain sums for every length, exactly on integers", () => {
    fc.assert(
      fc.property(vector, fc.integer({ min: -9, max: 9 }), (a, factor) => {
        const b = a.map((v, i) => v * (i % 3) - 5);
        expect(dot(a, b)).toBe(a.reduce((sum, v, i) => sum + v * b[i]!, 0));
        expect(sumAbs(a)).toBe(a.reduce((sum, v) => sum + Math.abs(v), 0));
        expect(maxAbs(a)).toBe(Math.max(0, ...a.map(Math.abs)));
        const y = b.slice();
        addScaled(y, factor, a);
        expect(y).toEqual(b.map((v, i) => v + factor * a[i]!));
      }),
    );
  });

  it("reports a NaN wherever it stands, and infinities", () => {
    for (let at = 0; at < 5; at++)
      expect(maxAbs(Float64Array.of(1, 2, 3, 4, 5).fill(Number.NaN, at, at + 1))).toBeNaN();
    expect(maxAbs(Float64Array.of(1, Number.NEGATIVE_INFINITY))).toBe(Number.POSITIVE_INFINITY);
  });
});
