// What Lanczos' tridiagonal matrix tells: its eigenvalues by bisection on Sturm counts (Golub and Van Loan, 4th ed.,
// section 8.4), how far the largest one may be off, and solutions of shifted systems.

import type { Lanczos, Tridiagonal } from "./lanczos.js";

/** How many eigenvalues lie below `x`: as many as the factorisation of T - x has negative pivots. */
function countBelow({ diagonal, coupling }: Tridiagonal, x: number): number {
  let count = 0;
  let pivot = 1;
  for (let i = 0; i < diagonal.length; i++) {
    const link = i === 0 ? 0 : coupling[i - 1]!;
    pivot = diagonal[i]! - x - (link * link) / pivot;
    // A pivot of exactly zero would divide by zero next; nudged, it still has a sign.
    if (pivot === 0) pivot = -Number.MIN_VALUE * 2 ** 60;
    if (pivot < 0) count++;
  }
  return count;
}

/** All eigenvalues, ascending, each off by about 2^-52 of the largest absolute one. */
export function eigenvalues(matrix: Tridiagonal): Float64Array {
  const { diagonal, coupling } = matrix;
  const n = diagonal.length;
  const found = new Float64Array(n);
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < n; i++) {
    const radius = Math.abs(coupling[i - 1] ?? 0) + Math.abs(coupling[i] ?? 0);
    low = Math.min(low, diagonal[i]! - radius);
    high = Math.max(high, diagonal[i]! + radius);
  }
  const width = Number.EPSILON * Math.max(Math.abs(low), Math.abs(high));
  for (let i = 0; i < n; i++) {
    let [from, to] = [i === 0 ? low - width : found[i - 1]! - width, high + width];
    while (to - from > width) {
      const middle = from + (to - from) / 2;
      if (middle <= from || middle >= to) break;
      if (countBelow(matrix, middle) > i) to = middle;
      else from = middle;
    }
    found[i] = from + (to - from) / 2;
  }
  return found;
}

/**
 * Solves (T + shift) y = right for a positive definite T + shift, in time linear in its size. Throws RangeError where a
 * pivot is not above 0.
 */
export function solveShifted({ diagonal, coupling }: Tridiagonal, shift: number, right: Float64Array): Float64Array {
  const n = diagonal.length;
  const pivots = new Float64Array(n);
  const y = right.slice();
  for (let i = 0; i < n; i++) {
    const factor = i === 0 ? 0 : coupling[i - 1]! / pivots[i - 1]!;
    pivots[i] = diagonal[i]! + shift - (i === 0 ? 0 : factor * coupling[i - 1]!);
    if (!(pivots[i]! > 0)) {
      throw new RangeError(`a tridiagonal system of ${n} equations is not positive definite at equation ${i}`);
    }
    if (i > 0) y[i]! -= factor * y[i - 1]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    const later = i + 1 < n ? coupling[i]! * y[i + 1]! : 0;
    y[i] = (y[i]! - later) / pivots[i]!;
  }
  return y;
}

/**
 * The largest eigenvalue that the iteration found, which is never above the matrix's own, and a bound on how far it is
 * from an eigenvalue of the matrix: the remainder times the last entry of its vector.
 */
export function largestEigenvalue(run: Lanczos): { value: number; error: number } {
  const { diagonal, coupling, remainder } = run;
  const n = diagonal.length;
  const value = eigenvalues(run)[n - 1]!;
  if (remainder === 0) return { value, error: 0 };
  // One step of inverse iteration from a shift just above, where value - T is positive definite, gives the vector; a
  // second one settles it.
  const flipped = { diagonal: diagonal.map((entry) => -entry), coupling: coupling.map((entry) => -entry) };
  const scale = [...diagonal, ...coupling, value].reduce((most, entry) => Math.max(most, Math.abs(entry)), 0);
  let vector = new Float64Array(n).fill(1);
  for (let pass = 0; pass < 3; pass++) {
    const solved = solveShifted(flipped, value + 1e-13 * scale, vector);
    const norm = Math.sqrt(solved.reduce((sum, entry) => sum + entry * entry, 0));
    vector = solved.map((entry) => entry / norm);
  }
  return { value, error: remainder * Math.abs(vector[n - 1]!) };
}
