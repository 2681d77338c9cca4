import { Matrix, solve as solveOracle } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { lsqr } from "./lsqr.js";
import { createRandom } from "./random.js";
import { addProduct, addTransposedProduct, sparseMatrix } from "./sparse.js";
import { minimalNormLeastSquares } from "./svd.js";
import { dot } from "./vector.js";

/** About a third of the entries are there. */
function draw(rows: number, columns: number, seed: number) {
  const random = createRandom(seed);
  const dense = Array.from({ length: rows }, () =>
    Array.from({ length: columns }, () => (random.uniform() < 0.35 ? random.normal() : 0)),
  );
  const sparse = sparseMatrix(
    columns,
    dense.map((row) => row.flatMap((value, j) => (value === 0 ? [] : [[j, value] as const]))),
  );
  const vector = (length: number) => Float64Array.from({ length }, () => random.normal());
  return { dense, sparse, vector };
}

const apart = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)));

describe("sparse matrices", () => {
  it("multiply as the oracle does, and the transposed product is the adjoint", () => {
    const { dense, sparse, vector } = draw(12, 7, 1);
    const [x, y] = [vector(7), vector(12)];
    const [ax, aty] = [new Float64Array(12), new Float64Array(7)];
    addProduct(sparse, x, ax);
    addTransposedProduct(sparse, y, aty);
    expect(apart(ax, new Matrix(dense).mmul(Matrix.columnVector(Array.from(x))).to1DArray())).toBeLessThan(1e-14);
    expect(dot(ax, y)).toBeCloseTo(dot(x, aty), 12);
  });

  it("refuse a column that they do not have", () => {
    expect(() => sparseMatrix(2, [[[2, 1]]])).toThrow("column 2 of a matrix of 2 columns");
  });
});

describe("LSQR", () => {
  it("solves consistent equations and says so", () => {
    const { sparse, vector } = draw(60, 30, 2);
    const x = vector(30);
    const b = new Float64Array(60);
    addProduct(sparse, x, b);
    const report = lsqr(sparse, b);
    expect(report.stop).toBe("solved");
    expect(report.residual).toBeLessThan(1e-11);
    expect(apart(report.x, x)).toBeLessThan(1e-9);
  });

  it("finds the oracle's least squares where the equations contradict one another", () => {
    const { dense, sparse, vector } = draw(60, 20, 3);
    const b = vector(60);
    const oracle = solveOracle(new Matrix(dense), Matrix.columnVector(Array.from(b)), true).to1DArray();
    const report = lsqr(sparse, b);
    expect(report.stop).toBe("least-squares");
    expect(apart(report.x, oracle)).toBeLessThan(1e-9);
  });

  it("finds the solution of minimal norm where there are many", () => {
    const { dense, sparse, vector } = draw(10, 25, 4);
    const b = vector(10);
    const shortest = minimalNormLeastSquares(Float64Array.from(dense.flat()), b, 25);
    expect(apart(lsqr(sparse, b).x, shortest.x)).toBeLessThan(1e-10);
  });

  it("stops after its iterations, and at once for a right-hand side of 0", () => {
    const { sparse, vector } = draw(40, 30, 5);
    expect(lsqr(sparse, vector(40), { iterations: 3 })).toMatchObject({ iterations: 3, stop: "iterations" });
    expect(lsqr(sparse, new Float64Array(40))).toMatchObject({ iterations: 0, residual: 0, stop: "solved" });
  });
});
