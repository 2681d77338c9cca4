import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../math/random.js";
import { inner, type Matrix, norm, rowOf } from "./matrices.js";
import { parallelShare, stableRank } from "./parallel-rows.js";

const matrix = (rows: number, columns: number, value: (i: number) => number): Matrix => ({
  ...{ name: "fc.weight", kind: "linear", rows, columns },
  data: Float32Array.from({ length: rows * columns }, (_, i) => value(i)),
});

function random(rows: number, columns: number, seed: number): Matrix {
  const stream = createRandom(seed);
  return matrix(rows, columns, () => stream.normal());
}

/** Every row against every other one. */
function exhaustiveShare(held: Matrix): number {
  const rows = Array.from({ length: held.rows }, (_, row) => rowOf(held, row));
  const partnered = rows.filter((a, i) =>
    rows.some((b, j) => i !== j && Math.abs(inner(a, b)) > 0.99 * norm(a) * norm(b)),
  );
  return partnered.length / held.rows;
}

describe("parallelShare", () => {
  it("is 1 for rows equal up to scale and sign, 0 for random rows", () => {
    expect(parallelShare(matrix(8, 100, (i) => (Math.floor(i / 100) - 3.5) * Math.cos(i % 100)))).toBe(1);
    expect(parallelShare(random(64, 300, 1))).toBe(0);
    expect(parallelShare(random(1, 300, 1))).toBe(0);
  });

  it("leaves dead rows out, which are parallel to anything", () => {
    const held = random(10, 80, 2);
    held.data.fill(0, 0, 5 * 80);
    expect(parallelShare(held)).toBe(0);
    held.data.fill(1e-9, 0, 5 * 80);
    expect(parallelShare(held)).toBe(0);
    expect(parallelShare(matrix(4, 20, () => 0))).toBe(0);
  });

  it("equals the exhaustive count, with sketches and without", () => {
    const noisyCopies = fc.record({
      seed: fc.integer({ min: 0, max: 1e6 }),
      rows: fc.integer({ min: 2, max: 12 }),
      columns: fc.integer({ min: 20, max: 200 }),
      copies: fc.array(fc.tuple(fc.nat(11), fc.nat(11), fc.constantFrom(0, 0.05, 0.1, 0.3)), { maxLength: 6 }),
    });
    fc.assert(
      fc.property(noisyCopies, ({ seed, rows, columns, copies }) => {
        const held = random(rows, columns, seed);
        const stream = createRandom(seed).split("noise");
        for (const [from, to, noise] of copies) {
          const source = rowOf(held, from % rows).slice();
          rowOf(held, to % rows).set(source.map((value) => -2 * value + noise * stream.normal()));
        }
        expect(parallelShare(held)).toBe(exhaustiveShare(held));
      }),
      { numRuns: 200, seed: 1 },
    );
  });
});

describe("stableRank", () => {
  it("is n for the identity, 1 for an outer product, and (Σσ²)/σ₁² for a diagonal", () => {
    expect(stableRank(matrix(6, 6, (i) => (i % 7 === 0 ? 1 : 0)))).toBeCloseTo(6, 9);
    expect(stableRank(matrix(5, 7, (i) => (1 + Math.floor(i / 7)) * Math.sin(1 + (i % 7))))).toBeCloseTo(1, 6);
    expect(stableRank(matrix(3, 3, (i) => (i % 4 === 0 ? [3, 1, 1][i / 4]! : 0)))).toBeCloseTo(11 / 9, 3);
    expect(stableRank(matrix(3, 3, () => 0))).toBeNaN();
  });

  it("is at least 1 and keeps under scaling", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(1e6),
        (rows, columns, seed) => {
          const held = random(rows, columns, seed);
          const value = stableRank(held);
          expect(value).toBeGreaterThan(1 - 1e-6);
          expect(stableRank({ ...held, data: held.data.map((each) => -4 * each) })).toBeCloseTo(value, 5);
        },
      ),
      { numRuns: 100, seed: 1 },
    );
  });
});
