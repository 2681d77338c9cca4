// SPEAR's search (spec/attacks-analytic.md 2.3, steps 4 to 6): directions q for which L q vanishes in far more rows than chance gives, since
// ReLU switches a unit off for about half of the samples. Rows of L come at length 1: then rounding leaves at most 5e-7 where a sample switched
// a unit off, and 1e-4 or more elsewhere (photos, batch 12). Ours then fits q to all the rows that it zeroes, which averages the rounding.
import { nullVector, removeAlong } from "../../../math/null-vector.js";
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
  /** An entry of L q up to this is 0. */
  readonly zero: number;
  /** Rows that a direction must zero. */
  readonly least: number;
}

const SAME = 1 - 1e-5;
/** A unit row adds to others when this much of it lies outside their span; less would magnify its rounding. */
const ADDS = 1e-2;
/** Leverage from which a row counts as alone. */
const LONE = 0.999;
/** Eigenvalues of unit rows' Gram matrix below this are rounding. */
const NOTHING = 1e-6;
/** Two candidates that differ by less than this (sine) from the span of better ones are not independent. */
const INDEPENDENT = 1e-3;

/** Which entries of L q are zero. */
export const zeroRows = (rows: readonly Float64Array[], q: Float64Array, zero: number): boolean[] =>
  rows.map((row) => Math.abs(dot(row, q)) <= zero);

/** L with rows of length 1; rows of zeros stay. */
export const unitRows = (rows: readonly Float64Array[]): Float64Array[] =>
  rows.map((row) => {
    const length = Math.sqrt(dot(row, row));
    return length > 0 ? row.map((entry) => entry / length) : row;
  });

/** The rows in random order. */
function* shuffled(rows: readonly Float64Array[], random: Random): Generator<Float64Array> {
  const left = Array.from(rows.keys());
  while (left.length > 0) {
    const at = random.integer(left.length);
    yield rows[left[at]!]!;
    left[at] = left.at(-1)!;
    left.pop();
  }
}

/**
 * One draw: its null vector, the filter, and the fit to all rows that it zeroes; nothing when it does not pass. Where one row alone holds the
 * vector in place, it is a mixture of two samples' directions: both, which zero several rows more, are then sought in the plane that remains.
 */
export function sampleDirections(
  rows: readonly Float64Array[],
  { zero, least }: Filter,
  random: Random,
): readonly Direction[] {
  const b = rows[0]!.length;
  // One sample has one direction, and its active rows hold no zeros.
  if (b === 1) return [{ q: Float64Array.of(1), zeros: 0 }];
  // Samples that resemble each other switch many units off together: rows that add nothing are passed over, not drawn anew.
  const drawn = nullVector(shuffled(rows, random), b, ADDS);
  if (!drawn) return [];
  const zeroedBy = (q: Float64Array) => rows.filter((row) => Math.abs(dot(row, q)) <= zero);
  const zeroed = zeroedBy(drawn);
  if (zeroed.length < least) return [];
  const held = gramEigen(zeroed, b);
  const shared = zeroed.filter((row) => leverage(row, held) < LONE);
  const passing = (q: Float64Array): Direction[] => {
    const zeros = zeroedBy(q).length;
    return zeros >= least && zeros > shared.length + 1 ? [{ q, zeros }] : [];
  };
  if (shared.length === zeroed.length) return [{ q: held.vectors.slice((b - 1) * b), zeros: zeroed.length }];
  const { vectors, values } = gramEigen(shared, b);
  if (values[b - 3]! < NOTHING || values[b - 2]! > NOTHING) return [];
  const plane = [vectors.subarray((b - 2) * b, (b - 1) * b), vectors.subarray((b - 1) * b)] as const;
  const found: Direction[] = [];
  for (const row of rows.filter((each) => !shared.includes(each))) {
    const [x, y] = [dot(row, plane[0]), dot(row, plane[1])];
    const length = Math.hypot(x, y);
    if (length < ADDS) continue;
    const q = plane[0].map((entry, i) => (x * plane[1][i]! - y * entry) / length);
    for (const direction of passing(q)) addDirection(found, direction);
  }
  return found.map(({ q }) => ({ q: gramEigen(zeroedBy(q), b).vectors.slice((b - 1) * b), zeros: zeroedBy(q).length }));
}

function gramEigen(rows: readonly Float64Array[], b: number) {
  const gram = new Float64Array(b * b);
  for (const row of rows) {
    for (let i = 0; i < b; i++) for (let j = 0; j < b; j++) gram[i * b + j]! += row[i]! * row[j]!;
  }
  return symmetricEigen(gram, b);
}

/** Of a row among those of a Gram matrix, outside its last eigenvector; 1 where the rank falls without it. */
function leverage(row: Float64Array, { vectors, values }: ReturnType<typeof gramEigen>): number {
  const b = values.length;
  let sum = 0;
  for (let k = 0; k < b - 1; k++) sum += dot(row, vectors.subarray(k * b, (k + 1) * b)) ** 2 / values[k]!;
  return sum;
}

/** Directions that are kept at most; those of samples are among the first 30 or so (photos, batch 12). */
const KEPT = 512;

/** What a mixture of two samples' directions zeroes, as a share of what they do: less is not worth taking apart. */
const MIXED = 0.75;

/** Rows that a draw must zero to lead to a direction that is kept. */
export const leastUseful = (found: readonly Direction[]): number => MIXED * (found[KEPT - 1]?.zeros ?? 0);

/** Adds a direction unless it is there already, up to its sign, or as many zero more rows. Returns its place; -1 when it was not added. */
export function addDirection(found: Direction[], candidate: Direction): number {
  if (found.some(({ q }) => Math.abs(dot(q, candidate.q)) > SAME)) return -1;
  const after = found.findIndex(({ zeros }) => zeros < candidate.zeros);
  const place = after < 0 ? found.length : after;
  if (place === KEPT) return -1;
  found.splice(place, 0, candidate);
  found.splice(KEPT);
  return place;
}

/** The first `count` of them, best first, that are linearly independent; fewer where there are no more. */
export function independent(found: readonly Direction[], count: number): Direction[] {
  const basis: Float64Array[] = [];
  return found.filter(({ q }) => {
    if (basis.length === count) return false;
    const rest = q.slice();
    const length = removeAlong(rest, basis);
    if (length < INDEPENDENT) return false;
    basis.push(rest.map((entry) => entry / length));
    return true;
  });
}
