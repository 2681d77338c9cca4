// SPEAR's search (spec/attacks-analytic.md 2.3, steps 4 to 6): directions q for which L q vanishes in far more rows than chance gives, since
// ReLU switches a unit off for about half of the samples. Ours then fits q to all the rows that it zeroes, which averages float32's rounding.
import { nullVector } from "../../../math/null-vector.js";
import type { Random } from "../../../math/random.js";
import { symmetricEigen } from "../../../math/symmetric-eigen.js";
import { dot } from "../../../math/vector.js";

export interface Direction {
  /** Unit vector of length b. */
  readonly q: Float64Array;
  /** Rows that it zeroes. */
  readonly zeros: number;
}

export interface Filter {
  /** An entry of L q below this share of the largest is 0. */
  readonly zero: number;
  /** Share of rows that a direction must zero. */
  readonly share: number;
}

const SAME = 1 - 1e-5;
/** Two candidates that differ by less than this (sine) from the span of better ones are not independent. */
const INDEPENDENT = 1e-3;

const images = (rows: readonly Float64Array[], q: Float64Array): Float64Array =>
  Float64Array.from(rows, (row) => Math.abs(dot(row, q)));

/** Which entries of L q are zero. */
export function zeroRows(rows: readonly Float64Array[], q: Float64Array, zero: number): boolean[] {
  const sizes = images(rows, q);
  let largest = 0;
  for (const size of sizes) largest = Math.max(largest, size);
  return Array.from(sizes, (size) => size <= zero * largest);
}

/** One draw of b-1 rows: their null vector, the filter, and the fit to all rows that it zeroes; null when it does not pass. */
export function sampleDirection(
  rows: readonly Float64Array[],
  { zero, share }: Filter,
  random: Random,
): Direction | null {
  const b = rows[0]!.length;
  // One sample has one direction, and its active rows hold no zeros.
  if (b === 1) return { q: Float64Array.of(1), zeros: 0 };
  const block = new Float64Array((b - 1) * b);
  const taken = new Set<number>();
  while (taken.size < b - 1) taken.add(random.integer(rows.length));
  [...taken].forEach((row, i) => {
    const norm = Math.sqrt(dot(rows[row]!, rows[row]!));
    for (let j = 0; j < b; j++) block[i * b + j] = rows[row]![j]! / norm;
  });
  const drawn = nullVector(block, b, 1e-8);
  if (!drawn) return null;
  const flags = zeroRows(rows, drawn, zero);
  const zeroed = rows.filter((_, i) => flags[i]);
  if (zeroed.length < share * rows.length) return null;
  const q = flattest(zeroed, b);
  const zeros = zeroRows(rows, q, zero).filter(Boolean).length;
  return zeros >= share * rows.length ? { q, zeros } : null;
}

/** The unit vector that makes ‖rows q‖ least. */
function flattest(rows: readonly Float64Array[], b: number): Float64Array {
  const gram = new Float64Array(b * b);
  for (const row of rows) {
    for (let i = 0; i < b; i++) for (let j = 0; j < b; j++) gram[i * b + j]! += row[i]! * row[j]!;
  }
  return symmetricEigen(gram, b).vectors.slice((b - 1) * b);
}

/** Adds a direction unless it is there already, up to its sign. True when it is new. */
export function addDirection(found: Direction[], candidate: Direction): boolean {
  if (found.some(({ q }) => Math.abs(dot(q, candidate.q)) > SAME)) return false;
  found.push(candidate);
  found.sort((a, b) => b.zeros - a.zeros);
  return true;
}

/** The first `count` of them, best first, that are linearly independent; fewer where there are no more. */
export function independent(found: readonly Direction[], count: number): Direction[] {
  const basis: Float64Array[] = [];
  return found.filter(({ q }) => {
    if (basis.length === count) return false;
    const rest = q.slice();
    for (const unit of basis) {
      const along = dot(rest, unit);
      for (let i = 0; i < rest.length; i++) rest[i]! -= along * unit[i]!;
    }
    const length = Math.sqrt(dot(rest, rest));
    if (length < INDEPENDENT) return false;
    basis.push(rest.map((entry) => entry / length));
    return true;
  });
}
