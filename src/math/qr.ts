// Thin Householder QR in float64 (Golub and Van Loan, Matrix Computations, 4th ed., 5.2). Matrices are lists of columns, so that every inner loop
// runs along memory.
import { addScaled, dot } from "./vector.js";

export interface ThinQr {
  /** n orthonormal columns of m entries. */
  readonly q: readonly Float64Array[];
  /** Upper triangle, n×n row-major. */
  readonly r: Float64Array;
}

/** A = Q R of n columns of m ≥ n entries; they are left as they are. Throws RangeError when the matrix is wider than tall. */
export function thinQr(columns: readonly Float64Array[]): ThinQr {
  const n = columns.length;
  const m = columns[0]?.length ?? 0;
  if (m < n) throw new RangeError(`a thin QR needs at least as many rows as columns, got ${m}×${n}: transpose it`);
  const work = columns.map((column) => column.slice());
  const r = new Float64Array(n * n);
  const reflections: Float64Array[] = [];
  for (let k = 0; k < n; k++) {
    const v = work[k]!.slice(k);
    const norm = Math.sqrt(dot(v, v));
    const target = v[0]! > 0 ? -norm : norm;
    v[0]! -= target;
    const length = Math.sqrt(dot(v, v));
    if (length > 0) for (let i = 0; i < v.length; i++) v[i]! /= length;
    reflections.push(v);
    r[k * n + k] = target;
    for (let j = k + 1; j < n; j++) {
      const rest = work[j]!.subarray(k);
      addScaled(rest, -2 * dot(rest, v), v);
      r[k * n + j] = rest[0]!;
    }
  }
  const q = work.map((_, j) => {
    const column = new Float64Array(m);
    column[j] = 1;
    for (let k = Math.min(j, n - 1); k >= 0; k--) {
      const rest = column.subarray(k);
      addScaled(rest, -2 * dot(rest, reflections[k]!), reflections[k]!);
    }
    return column;
  });
  return { q, r };
}
