import { describe, expect, it } from "vitest";
import { createRandom } from "../../../math/random.js";
import { dot } from "../../../math/vector.js";
import { addDirection, type Direction, independent, sampleDirections, unitRows } from "./null-directions.js";

/** Rows L with L Q = D for D given by its entries, zeros where a sample leaves a unit off; the columns of Q at length 1. */
function factorOf(off: readonly (readonly boolean[])[]) {
  const random = createRandom(2);
  const b = off[0]!.length;
  // Q is a product of plane rotations, so that L = D Qᵀ.
  const q = Array.from({ length: b }, (_, i) => Float64Array.from({ length: b }, (__, j) => Number(i === j)));
  for (let i = 0; i < b; i++) {
    for (let j = 0; j < i; j++) {
      const angle = 0.3 + random.uniform();
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      for (const row of q) [row[i], row[j]] = [c * row[i]! - s * row[j]!, s * row[i]! + c * row[j]!];
    }
  }
  const rows = off.map((pattern) => {
    const entries = pattern.map((zero) => (zero ? 0 : random.normal()));
    return Float64Array.from({ length: b }, (_, k) => entries.reduce((sum, d, j) => sum + d * q[k]![j]!, 0));
  });
  const columns = Array.from({ length: b }, (_, j) => Float64Array.from(q, (row) => row[j]!));
  return { rows: unitRows(rows), columns };
}

const has = (found: readonly Direction[], column: Float64Array) =>
  found.some(({ q }) => Math.abs(dot(q, column)) > 1 - 1e-9);

describe("directions of samples", () => {
  it("are found from the zeros alone, with the number of rows that each zeroes", () => {
    const random = createRandom(5);
    const off = Array.from({ length: 60 }, () => [0, 1, 2, 3].map(() => random.uniform() < 0.5));
    const { rows, columns } = factorOf(off.filter((pattern) => pattern.includes(false)));
    const found: Direction[] = [];
    for (let draw = 0; draw < 200; draw++) {
      for (const direction of sampleDirections(rows, { zero: 1e-9, least: 15 }, random)) addDirection(found, direction);
    }
    for (const column of columns) expect(has(found, column)).toBe(true);
    const best = independent(found, 4);
    expect(best).toHaveLength(4);
    for (const { q, zeros } of best) expect(rows.filter((row) => Math.abs(dot(row, q)) < 1e-9)).toHaveLength(zeros);
  });

  it("come out of a mixture of two samples that switch the same units off", () => {
    // Samples 0 and 1 are off in the first 30 rows; apart from those, each is off in 4 alone. A draw hits the 30 nearly always.
    const off = Array.from({ length: 60 }, (_, i) => [i < 34, i < 30 || (i >= 34 && i < 38), i % 3 === 0, i % 5 === 0]);
    const { rows, columns } = factorOf(off);
    const draws = Array.from({ length: 40 }, (_, seed) =>
      sampleDirections(rows, { zero: 1e-9, least: 18 }, createRandom(seed)),
    );
    const both = draws.filter((found) => has(found, columns[0]!) && has(found, columns[1]!));
    expect(both.length).toBeGreaterThan(5);
    for (const { zeros } of both[0]!) expect(zeros).toBeGreaterThan(31);
  });
});
