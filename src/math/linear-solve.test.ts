import fc from "fast-check";
import { Matrix, solve as oracleSolve } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { leastSquares, solve } from "./linear-solve.js";
import { createRandom } from "./random.js";

const normals = (length: number, seed: number) => {
  const values = new Float64Array(length);
  createRandom(seed).fillNormal(values, 0, 1);
  return values;
};

const worst = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from({ length: a.length }, (_, i) => Math.abs(a[i]! - b[i]!)));

describe("solve", () => {
  it("agrees with ml-matrix on random systems", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 1e6 }), (n, seed) => {
        const a = normals(n * n, seed);
        for (let i = 0; i < n; i++) a[i * n + i]! += 2 * n;
        const b = normals(n, seed + 1);
        const expected = oracleSolve(Matrix.from1DArray(n, n, [...a]), Matrix.columnVector([...b])).to1DArray();
        expect(worst(solve(a, b), expected)).toBeLessThan(1e-10);
      }),
      { numRuns: 40 },
    );
  });

  it("pivots where the diagonal is zero and leaves its arguments alone", () => {
    const a = Float64Array.of(0, 1, 1, 0);
    const b = Float64Array.of(3, 5);
    expect([...solve(a, b)]).toEqual([5, 3]);
    expect([...a, ...b]).toEqual([0, 1, 1, 0, 3, 5]);
  });

  it("names a singular system", () => {
    expect(() => solve(Float64Array.of(1, 2, 2, 4), Float64Array.of(1, 1))).toThrow(/singular/);
  });
});

describe("leastSquares", () => {
  it("agrees with ml-matrix's QR on overdetermined systems", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 0, max: 1e6 }), (columns, seed) => {
        const rows = 2 * columns + 3;
        const a = normals(rows * columns, seed);
        const b = normals(rows, seed + 1);
        const expected = oracleSolve(
          Matrix.from1DArray(rows, columns, [...a]),
          Matrix.columnVector([...b]),
        ).to1DArray();
        expect(worst(leastSquares(a, b, columns), expected)).toBeLessThan(1e-7);
      }),
      { numRuns: 40 },
    );
  });

  it("gives a finite answer where columns are equal", () => {
    const x = leastSquares(Float64Array.of(1, 1, 2, 2, 3, 3), Float64Array.of(2, 4, 6), 2);
    expect(x[0]! + x[1]!).toBeCloseTo(2, 6);
    expect(x.every(Number.isFinite)).toBe(true);
  });
});
