// Oracles: munkres-js, an independent implementation, and a matching that the shared reference data state.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
// @ts-expect-error The package has no types.
import untyped from "munkres-js";
import { describe, expect, it } from "vitest";
import { assign } from "./assignment.js";
import { createRandom } from "./random.js";

const munkres = untyped as (cost: number[][]) => [number, number][];
const reference = join(process.env.LEAKSCOPE_DATA ?? "../shared/data", "reference/reference.json");

const matrixOf = (value: fc.Arbitrary<number>) =>
  fc
    .tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 }))
    .chain(([rows, columns]) =>
      fc.array(fc.array(value, { minLength: columns, maxLength: columns }), { minLength: rows, maxLength: rows }),
    );

function check(matrix: number[][], digits: number) {
  const rows = matrix.length;
  const columns = matrix[0]!.length;
  const { columnOfRow, cost } = assign(Float64Array.from(matrix.flat()), rows, columns);
  const used = [...columnOfRow].filter((column) => column >= 0);
  expect(new Set(used).size).toBe(Math.min(rows, columns));
  expect(used.length).toBe(Math.min(rows, columns));
  const sum = [...columnOfRow].reduce((total, column, row) => total + (column < 0 ? 0 : matrix[row]![column]!), 0);
  expect(cost).toBe(sum);
  const optimum = munkres(matrix).reduce((total, [row, column]) => total + matrix[row]![column]!, 0);
  expect(cost).toBeCloseTo(optimum, digits);
}

describe("assign", () => {
  it("matches the oracle on random matrices, rectangular both ways", () => {
    fc.assert(fc.property(matrixOf(fc.double({ min: 0, max: 1, noNaN: true })), (matrix) => check(matrix, 12)));
  });

  it("matches it with ties and negative costs", () => {
    fc.assert(fc.property(matrixOf(fc.integer({ min: -2, max: 2 })), (matrix) => check(matrix, 12)));
  });

  it("finds reconstructions (o1, o2, o0) of originals (o0, o1, o2)", () => {
    const originals = [0.1, 0.5, 0.9];
    const reconstructions = [0.6, 0.8, 0];
    const cost = Float32Array.from(reconstructions.flatMap((r) => originals.map((o) => (r - o) ** 2)));
    const found = assign(cost, 3, 3);
    expect([...found.columnOfRow]).toEqual([1, 2, 0]);
    expect(found.cost).toBeCloseTo(0.03, 7);
  });

  it("does better than taking each row's best column", () => {
    const found = assign(Float64Array.of(1, 2, 1, 9), 2, 2);
    expect([...found.columnOfRow]).toEqual([1, 0]);
    expect(found.cost).toBe(3);
  });

  it("leaves the right rows or columns over", () => {
    const tall = assign(Float64Array.of(5, 1, 9, 9, 1, 5), 3, 2);
    expect([...tall.columnOfRow]).toEqual([1, -1, 0]);
    const wide = assign(Float64Array.of(5, 9, 1, 1, 9, 5), 2, 3);
    expect([...wide.columnOfRow]).toEqual([2, 0]);
    expect([...assign(new Float64Array(0), 2, 0).columnOfRow]).toEqual([-1, -1]);
    expect(assign(new Float64Array(0), 0, 2)).toEqual({ columnOfRow: new Int32Array(0), cost: 0 });
  });

  it("solves 1024 x 1024 within two seconds", () => {
    const cost = new Float64Array(1024 * 1024);
    createRandom(1).fillUniform(cost, 0, 1);
    const start = performance.now();
    const found = assign(cost, 1024, 1024);
    expect(performance.now() - start).toBeLessThan(2000);
    // Expected cost of the random assignment problem: the sum of 1/k², close to pi²/6.
    expect(found.cost).toBeGreaterThan(1.5);
    expect(found.cost).toBeLessThan(1.8);
  });

  it("names a wrong length and the place of a cost that is not finite", () => {
    expect(() => assign(new Float64Array(5), 2, 3)).toThrow(/2 x 3 cost matrix holds 6 numbers, got 5/);
    expect(() => assign(Float64Array.of(0, 1, 2, 3, Number.NaN, 5), 2, 3)).toThrow(/got NaN in row 1, column 1/);
  });
});

describe.skipIf(!existsSync(reference))("assign on the shared reference (reference/reference.json)", () => {
  it("gives the stated matching of eight mixed pictures", () => {
    const { attribution } = JSON.parse(readFileSync(reference, "utf8"));
    const found = assign(Float64Array.from(attribution.cost.flat()), 8, 8);
    expect([...found.columnOfRow]).toEqual([3, 0, 4, 1, 2, 7, 5, 6]);
    expect(found.cost).toBeCloseTo(0.1368067820469691, 15);
  });
});
