// A vector orthogonal to all but one dimension's worth of rows, by Gram and Schmidt with a second pass for rounding.
import { addScaled, dot } from "./vector.js";

/** Removes from `vector` what lies along the orthonormal `basis`. Returns the length of the rest. */
export function removeAlong(vector: Float64Array, basis: readonly Float64Array[]): number {
  for (let pass = 0; pass < 2; pass++) for (const unit of basis) addScaled(vector, -dot(vector, unit), unit);
  return Math.sqrt(dot(vector, vector));
}

const scaled = (vector: Float64Array, by: number): Float64Array => vector.map((entry) => entry * by);

/**
 * The unit vector orthogonal to the first n-1 independent ones of `rows`, each of length n and norm 1. A row that lies in the span of those
 * before it but for less than `adds` (0 to 1) is passed over: it would magnify the rows' errors by 1/adds. Null when the rows run out.
 */
export function nullVector(rows: Iterable<Float64Array>, n: number, adds: number): Float64Array | null {
  const basis: Float64Array[] = [];
  for (const each of n > 1 ? rows : []) {
    const row = each.slice();
    const rest = removeAlong(row, basis);
    if (rest > adds) basis.push(scaled(row, 1 / rest));
    if (basis.length === n - 1) break;
  }
  if (basis.length < n - 1) return null;
  // At least one of the axes keeps 1/√n.
  for (let axis = 0; ; axis++) {
    const vector = Float64Array.from({ length: n }, (_, i) => Number(i === axis));
    const rest = removeAlong(vector, basis);
    if (rest > 0.5 / Math.sqrt(n)) return scaled(vector, 1 / rest);
  }
}
