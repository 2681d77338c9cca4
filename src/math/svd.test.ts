import { Matrix, QrDecomposition, SingularValueDecomposition, solve as solveOracle } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { nullVector } from "./null-vector.js";
import { thinQr } from "./qr.js";
import { createRandom } from "./random.js";
import { minimalNormLeastSquares, numericalRank, thinSvd } from "./svd.js";
import { dot } from "./vector.js";

function draw(rows: number, columns: number, seed: number): Float64Array {
  const data = new Float64Array(rows * columns);
  createRandom(seed).fillNormal(data, 0, 1);
  return data;
}

const rowsOf = (data: Float64Array, columns: number): number[][] =>
  Array.from({ length: data.length / columns }, (_, i) => Array.from(data.subarray(i * columns, (i + 1) * columns)));

/** rows×inner times inner×columns, rank `inner`. */
function product(rows: number, inner: number, columns: number, seed: number): Float64Array {
  const full = new Matrix(rowsOf(draw(rows, inner, seed), inner)).mmul(
    new Matrix(rowsOf(draw(inner, columns, seed + 1), columns)),
  );
  return Float64Array.from(full.to1DArray());
}

const worst = (errors: readonly number[]): number => Math.max(...errors.map(Math.abs));

describe("thin QR", () => {
  it("is orthonormal, upper triangular and gives the matrix back; |R| is the oracle's", () => {
    const [m, n] = [30, 12];
    const a = draw(m, n, 1);
    const columns = Array.from({ length: n }, (_, j) => Float64Array.from({ length: m }, (_, i) => a[i * n + j]!));
    const { q, r } = thinQr(columns);
    const oracle = new QrDecomposition(new Matrix(rowsOf(a, n))).upperTriangularMatrix.to1DArray();
    expect(worst(q.flatMap((x, i) => q.map((y, j) => dot(x, y) - Number(i === j))))).toBeLessThan(1e-14);
    expect(worst(oracle.map((entry, i) => Math.abs(entry) - Math.abs(r[i]!)))).toBeLessThan(1e-13);
    for (let j = 0; j < n; j++) {
      const back = columns[j]!.map((_, i) => q.reduce((sum, column, k) => sum + column[i]! * r[k * n + j]!, 0));
      expect(worst(Array.from(back, (value, i) => value - columns[j]![i]!))).toBeLessThan(1e-13);
    }
  });

  it("refuses a wide matrix", () => {
    expect(() => thinQr([Float64Array.of(1), Float64Array.of(2)])).toThrow("transpose it");
  });
});

describe("thin SVD", () => {
  it.each([
    [40, 15],
    [15, 40],
    [20, 20],
  ])("of %i×%i has the oracle's values, orthonormal vectors, and gives the matrix back", (m, n) => {
    const a = draw(m, n, 2);
    const { values, left, right } = thinSvd(a, m, n);
    const oracle = new SingularValueDecomposition(new Matrix(rowsOf(a, n)), { autoTranspose: true }).diagonal;
    expect(worst(oracle.map((value, i) => value / values[i]! - 1))).toBeLessThan(1e-12);
    for (const side of [left, right]) {
      expect(worst(side.flatMap((x, i) => side.map((y, j) => dot(x, y) - Number(i === j))))).toBeLessThan(1e-13);
    }
    const back = a.map((_, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      return values.reduce((sum, value, k) => sum + value * left[k]![i]! * right[k]![j]!, 0);
    });
    expect(worst(Array.from(back, (value, i) => value - a[i]!))).toBeLessThan(1e-12);
  });

  it("finds the rank of a product, also of one rounded to float32", () => {
    const a = product(50, 6, 80, 3);
    expect(numericalRank(thinSvd(a, 50, 80).values, 1e-9)).toBe(6);
    expect(numericalRank(thinSvd(Float64Array.from(Float32Array.from(a)), 50, 80).values, 1e-5)).toBe(6);
  });

  it("settles where most rows are empty, as those of units that never fire", () => {
    const a = product(60, 4, 90, 7);
    for (let row = 0; row < 60; row += 2) a.fill(0, row * 90, (row + 1) * 90);
    const { values } = thinSvd(Float64Array.from(Float32Array.from(a)), 60, 90);
    expect(numericalRank(values, 1e-5)).toBe(4);
    expect(numericalRank(values, 1e-19)).toBeLessThanOrEqual(30);
  });

  it("keeps the digits of small values of a badly scaled matrix", () => {
    const { values } = thinSvd(Float64Array.of(1, 0, 0, 0, 1e-8, 0, 0, 0, 1e-16), 3, 3);
    expect(Array.from(values, (value, i) => value / 10 ** (-8 * i))).toEqual(
      [1, 1, 1].map((one) => expect.closeTo(one)),
    );
  });

  it("takes a matrix of zeros, and refuses one with NaN", () => {
    expect(Array.from(thinSvd(new Float64Array(6), 2, 3).values)).toEqual([0, 0]);
    expect(() => thinSvd(Float64Array.of(Number.NaN), 1, 1)).toThrow("no finite number");
  });
});

describe("least squares of minimal norm", () => {
  it("equals the oracle's, and is the shortest where there are many", () => {
    const [a, b] = [draw(20, 7, 5), draw(20, 1, 6)];
    const oracle = solveOracle(new Matrix(rowsOf(a, 7)), Matrix.columnVector(Array.from(b)), true).to1DArray();
    expect(worst(oracle.map((value, i) => value - minimalNormLeastSquares(a, b, 7).x[i]!))).toBeLessThan(1e-12);
    // x + y = 2 has its shortest solution at (1, 1).
    const { x, rank } = minimalNormLeastSquares(Float64Array.of(1, 1, 2, 2), Float64Array.of(2, 4), 2);
    expect(rank).toBe(1);
    expect(Array.from(x)).toEqual([expect.closeTo(1, 12), expect.closeTo(1, 12)]);
  });
});

describe("null vector", () => {
  const unitRows = (flat: Float64Array, n: number) =>
    Array.from({ length: flat.length / n }, (_, i) => {
      const row = flat.subarray(i * n, (i + 1) * n);
      return row.map((entry) => entry / Math.sqrt(dot(row, row)));
    });

  it("is a unit vector that every row sends to zero", () => {
    for (const n of [1, 2, 8, 16]) {
      const rows = unitRows(draw(n - 1, n, n), n);
      const vector = nullVector(rows, n, 1e-8)!;
      expect(dot(vector, vector)).toBeCloseTo(1, 12);
      for (const row of rows) expect(dot(row, vector)).toBeCloseTo(0, 11);
    }
  });

  it("passes over rows that add nothing, and takes no more than it needs", () => {
    const [first, , second, third] = unitRows(Float64Array.of(1, 2, 3, 2, 4, 6, 1, 0, 0, 0, 1, 0), 3);
    const vector = nullVector([first!, first!, second!, third!], 3, 1e-8)!;
    expect(Math.abs(dot(vector, Float64Array.of(0, 3, -2)))).toBeCloseTo(Math.sqrt(13), 12);
  });

  it("is null where the rows run out", () => {
    expect(nullVector(unitRows(Float64Array.of(1, 2, 3, 2, 4, 6), 3), 3, 1e-8)).toBeNull();
  });
});
