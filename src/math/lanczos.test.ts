// Oracle: the dense eigenvalues of ml-matrix, an independent implementation.
import fc from "fast-check";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { lanczos, orthogonalise } from "./lanczos.js";
import { eigenvalues, largestEigenvalue, solveShifted } from "./lanczos-tridiagonal.js";
import { createRandom } from "./random.js";
import { dot } from "./vector.js";

const dense = (rows: readonly (readonly number[])[]) => {
  const matrix = rows.map((row) => Float64Array.from(row));
  return async (v: Float64Array) => Float64Array.from(matrix, (row) => dot(row, v));
};

const drawn = (seed: number, size: number) => {
  const vector = new Float64Array(size);
  createRandom(seed).fillNormal(vector, 0, 1);
  return vector;
};

/** B Bᵀ of a drawn n×rank matrix, or its symmetric part for an indefinite one. */
function symmetric(seed: number, n: number, rank: number, positive: boolean): number[][] {
  const b = Array.from({ length: n }, (_, row) => drawn(seed + 1000 * row, Math.max(n, rank)));
  return b.map((row, i) =>
    b.map((column, j) =>
      positive ? dot(row.subarray(0, rank), column.subarray(0, rank)) : (row[j]! + column[i]!) / 2,
    ),
  );
}

const oracle = (rows: number[][]) =>
  [...new EigenvalueDecomposition(new Matrix(rows), { assumeSymmetric: true }).realEigenvalues].sort((a, b) => a - b);

const matrices = fc
  .record({ seed: fc.integer({ min: 1, max: 1e6 }), n: fc.integer({ min: 1, max: 24 }), positive: fc.boolean() })
  .chain(({ seed, n, positive }) =>
    fc.integer({ min: 1, max: n }).map((rank) => ({ seed, n, rows: symmetric(seed, n, rank, positive) })),
  );

describe("lanczos", () => {
  it("finds all eigenvalues of any symmetric matrix, those of rank-deficient ones included", async () => {
    await fc.assert(
      fc.asyncProperty(matrices, async ({ seed, n, rows }) => {
        const run = await lanczos(dense(rows), { start: drawn(seed, n), steps: n, restart: createRandom(seed) });
        const expected = oracle(rows);
        const scale = Math.max(...expected.map(Math.abs), 1e-300);
        expect(run.basis.length).toBe(n);
        eigenvalues(run).forEach((value, i) => {
          expect(Math.abs(value - expected[i]!) / scale).toBeLessThan(1e-11);
        });
      }),
      { numRuns: 60 },
    );
  });

  it("keeps its directions orthonormal and the matrix tridiagonal in them", async () => {
    const rows = symmetric(3, 30, 30, true);
    const multiply = dense(rows);
    const { basis, diagonal, coupling, remainder } = await lanczos(multiply, { start: drawn(9, 30), steps: 12 });
    expect(basis.length).toBe(12);
    expect(remainder).toBeGreaterThan(0);
    for (const [i, a] of basis.entries()) {
      const image = await multiply(a);
      for (const [j, b] of basis.entries()) {
        expect(dot(a, b)).toBeCloseTo(i === j ? 1 : 0, 13);
        const expected = i === j ? diagonal[i]! : Math.abs(i - j) === 1 ? coupling[Math.min(i, j)]! : 0;
        expect(dot(b, image)).toBeCloseTo(expected, 10);
      }
    }
  });

  it("bounds the largest eigenvalue from below, and from an eigenvalue by its stated error", async () => {
    await fc.assert(
      fc.asyncProperty(matrices, fc.integer({ min: 1, max: 8 }), async ({ seed, n, rows }, steps) => {
        const { value, error } = largestEigenvalue(await lanczos(dense(rows), { start: drawn(seed, n), steps }));
        const expected = oracle(rows);
        const scale = Math.max(...expected.map(Math.abs), 1e-300);
        expect(value).toBeLessThanOrEqual(expected[n - 1]! + 1e-12 * scale);
        const nearest = Math.min(...expected.map((other) => Math.abs(other - value)));
        expect(nearest).toBeLessThanOrEqual(error * (1 + 1e-9) + 1e-11 * scale);
      }),
      { numRuns: 60 },
    );
  });

  it("finds the largest of many in a few steps", async () => {
    const weights = Float64Array.from({ length: 500 }, (_, i) => 1 / (i + 1) ** 2);
    const multiply = async (v: Float64Array) => v.map((value, i) => value * weights[i]!);
    const { value, error } = largestEigenvalue(await lanczos(multiply, { start: drawn(4, 500), steps: 20 }));
    expect(value).toBeCloseTo(1, 12);
    expect(error).toBeLessThan(1e-5);
  });

  it("finds repeated eigenvalues as often as they occur only with restarts", async () => {
    const multiply = async (v: Float64Array) => v.map((value, i) => (i < 3 ? 2 : i < 5 ? 0 : 7) * value);
    const options = { start: drawn(2, 6), steps: 6 };
    const bare = await lanczos(multiply, options);
    expect(bare.remainder).toBe(0);
    expect([...eigenvalues(bare)].map((value) => Number(value.toFixed(10)) + 0)).toEqual([0, 2, 7]);
    const whole = await lanczos(multiply, { ...options, restart: createRandom(1) });
    expect([...eigenvalues(whole)].map((value) => Number(value.toFixed(10)) + 0)).toEqual([0, 0, 2, 2, 2, 7]);
  });

  it("is content with the zero matrix", async () => {
    const run = await lanczos(async (v) => v.map(() => 0), {
      start: drawn(1, 4),
      steps: 4,
      restart: createRandom(1),
    });
    expect([...eigenvalues(run)]).toEqual([0, 0, 0, 0]);
    expect(largestEigenvalue(run)).toEqual({ value: 0, error: 0 });
  });

  it("refuses a start of zero, and stops when told to", async () => {
    const multiply = dense(symmetric(1, 4, 4, true));
    await expect(lanczos(multiply, { start: new Float64Array(4), steps: 2 })).rejects.toThrow(/start other than zero/);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(lanczos(multiply, { start: drawn(1, 4), steps: 2, signal })).rejects.toThrow("enough");
  });
});

describe("solveShifted", () => {
  it("solves what it is multiplied back from", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 20 }), (seed, n) => {
        const diagonal = drawn(seed, n).map((value) => 4 + Math.abs(value));
        const coupling = drawn(seed + 1, n - 1).map((value) => Math.tanh(value));
        const y = drawn(seed + 2, n);
        const right = y.map(
          (value, i) =>
            (diagonal[i]! + 0.5) * value +
            (i > 0 ? coupling[i - 1]! * y[i - 1]! : 0) +
            (i + 1 < n ? coupling[i]! * y[i + 1]! : 0),
        );
        solveShifted({ diagonal, coupling }, 0.5, right).forEach((value, i) => {
          expect(value).toBeCloseTo(y[i]!, 12);
        });
      }),
    );
  });

  it("says that a matrix is not positive definite", () => {
    const matrix = { diagonal: Float64Array.of(1, 1), coupling: Float64Array.of(2) };
    expect(() => solveShifted(matrix, 0, Float64Array.of(1, 1))).toThrow(/2 equations is not positive definite/);
  });
});

describe("orthogonalise", () => {
  it("leaves only what no direction has", () => {
    const vector = Float64Array.of(3, 4, 5);
    orthogonalise(vector, [Float64Array.of(1, 0, 0), Float64Array.of(0, 0, 1)]);
    expect([...vector]).toEqual([0, 4, 0]);
  });
});
