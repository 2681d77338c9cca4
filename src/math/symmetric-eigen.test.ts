import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "./random.js";
import { type SymmetricEigen, symmetricEigen } from "./symmetric-eigen.js";
import { dot, maxAbs } from "./vector.js";

interface Case {
  readonly name: string;
  readonly matrix: readonly number[];
  readonly values: readonly number[];
}
const { cases } = JSON.parse(
  readFileSync(new URL("../../test/fixtures/symmetric-eigen.json", import.meta.url), "utf8"),
) as { cases: readonly Case[] };

const rowOf = (matrix: Float64Array, n: number, row: number) => matrix.subarray(row * n, (row + 1) * n);

/** The largest of |A v - λ v| over the size of A, and of |V Vᵀ - I|. */
function errors(matrix: Float64Array, n: number, { values, vectors }: SymmetricEigen): { fit: number; skew: number } {
  let [fit, skew] = [0, 0];
  for (let i = 0; i < n; i++) {
    const v = rowOf(vectors, n, i);
    for (let j = 0; j < n; j++) {
      fit = Math.max(fit, Math.abs(dot(rowOf(matrix, n, j), v) - values[i]! * v[j]!));
      skew = Math.max(skew, Math.abs(dot(v, rowOf(vectors, n, j)) - (i === j ? 1 : 0)));
    }
  }
  return { fit: fit / (maxAbs(matrix) || 1), skew };
}

function drawSymmetric(n: number, seed: number, scale = 1): Float64Array {
  const matrix = new Float64Array(n * n);
  createRandom(seed).fillNormal(matrix, 0, scale);
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) matrix[j * n + i] = matrix[i * n + j]!;
  return matrix;
}

describe("symmetricEigen", () => {
  it.each(cases)("agrees with numpy: $name", ({ matrix, values }) => {
    const n = values.length;
    const a = Float64Array.from(matrix);
    const found = symmetricEigen(a, n);
    values.forEach((value, i) => {
      expect(Math.abs(found.values[i]! - value) / Math.abs(values[0]!)).toBeLessThan(1e-14);
    });
    const { fit, skew } = errors(a, n, found);
    expect(Math.max(fit, skew)).toBeLessThan(1e-13);
  });

  it("knows a matrix by hand", () => {
    const { values, vectors } = symmetricEigen(Float64Array.from([2, 1, 1, 2]), 2);
    expect(values[0]).toBeCloseTo(3, 14);
    expect(values[1]).toBeCloseTo(1, 14);
    expect(Math.abs(vectors[0]! + vectors[1]!)).toBeCloseTo(Math.SQRT2, 14);
    expect(Math.abs(vectors[2]! - vectors[3]!)).toBeCloseTo(Math.SQRT2, 14);
  });

  it("decomposes any symmetric matrix, of any size of its entries", () => {
    const any = fc.record({
      n: fc.integer({ min: 1, max: 24 }),
      seed: fc.nat(1e6),
      scale: fc.constantFrom(1e-160, 1, 1e160),
    });
    fc.assert(
      fc.property(any, ({ n, seed, scale }) => {
        const matrix = drawSymmetric(n, seed, scale);
        const found = symmetricEigen(matrix, n);
        const { fit, skew } = errors(matrix, n, found);
        const trace = Array.from({ length: n }, (_, i) => matrix[i * n + i]!).reduce((sum, v) => sum + v, 0);
        const total = found.values.reduce((sum, v) => sum + v, 0);
        expect(Math.abs(total - trace) / maxAbs(matrix)).toBeLessThan(1e-12);
        expect(Math.max(fit, skew)).toBeLessThan(1e-12);
        expect([...found.values]).toEqual([...found.values].sort((a, b) => b - a));
      }),
      { numRuns: 60 },
    );
  });

  it("takes zeros, multiples of the identity and no rows at all", () => {
    expect([...symmetricEigen(new Float64Array(9), 3).values]).toEqual([0, 0, 0]);
    const same = symmetricEigen(Float64Array.from([5, 0, 0, 0, 5, 0, 0, 0, 5]), 3);
    expect([...same.values]).toEqual([5, 5, 5]);
    expect(symmetricEigen(new Float64Array(0), 0).values.length).toBe(0);
  });

  it("decomposes 256 rows, of rank 20, within rounding", () => {
    const [n, rank] = [256, 20];
    const factor = new Float64Array(n * rank);
    createRandom(3).fillNormal(factor, 0, 1);
    const matrix = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) matrix[i * n + j] = dot(rowOf(factor, rank, i), rowOf(factor, rank, j));
    }
    const found = symmetricEigen(matrix, n);
    const { fit, skew } = errors(matrix, n, found);
    expect(Math.max(fit, skew)).toBeLessThan(1e-11);
    expect(found.values[rank]! / found.values[0]!).toBeLessThan(1e-13);
    expect(found.values[rank - 1]! / found.values[0]!).toBeGreaterThan(0.1);
  });

  it("settles where float32 noise follows the true directions, and the largest values stand first", () => {
    const [n, rank] = [120, 6];
    const factor = drawSymmetric(n, 8).map((value, i) => value * (i % n < rank ? 10 ** -(i % n) : 1e-8));
    const matrix = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) matrix[i * n + j] = dot(rowOf(factor, n, i), rowOf(factor, n, j));
    }
    const { fit, skew } = errors(matrix, n, symmetricEigen(matrix, n));
    expect(Math.max(fit, skew)).toBeLessThan(1e-12);
  });

  it("refuses another length, and what is no number", () => {
    expect(() => symmetricEigen(new Float64Array(5), 2)).toThrow(/2 rows holds 4 numbers, got 5/);
    expect(() => symmetricEigen(Float64Array.from([1, Number.NaN, Number.NaN, 1]), 2)).toThrow(/no finite number/);
  });
});
