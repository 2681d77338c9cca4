// Eigenvalues and eigenvectors of a dense symmetric matrix in float64: Householder reflections to tridiagonal form, then the implicit QL
// iteration with Wilkinson's shift (Golub and Van Loan, Matrix Computations, 4th ed., section 8.3; about 9 n³ operations).
// Vectors are kept as rows, so that every inner loop runs along memory.
import { addScaled, dot, maxAbs } from "./vector.js";

export interface SymmetricEigen {
  /** Descending, n of them. */
  readonly values: Float64Array;
  /** Orthonormal, n×n row-major: row i belongs to `values[i]`. Its sign means nothing. */
  readonly vectors: Float64Array;
}

interface Reduced {
  readonly diagonal: Float64Array;
  /** `coupling[i]` stands beside `diagonal[i]` and `diagonal[i + 1]`; the last one is 0. */
  readonly coupling: Float64Array;
  /** Rows of the orthogonal R with R A Rᵀ tridiagonal. */
  readonly rows: readonly Float64Array[];
}

/** A root needs two or three sweeps; this many are never taken unless a number is broken. */
const SWEEPS = 60;

/**
 * Decomposes the n×n row-major `matrix`, of which the lower triangle counts. Throws RangeError when the length is not n² or an entry is no
 * number.
 */
export function symmetricEigen(matrix: Float64Array, n: number): SymmetricEigen {
  if (matrix.length !== n * n) {
    throw new RangeError(`a symmetric matrix of ${n} rows holds ${n * n} numbers, got ${matrix.length}`);
  }
  const scale = maxAbs(matrix);
  if (!Number.isFinite(scale)) throw new RangeError(`a matrix of ${n} rows holds an entry that is no finite number`);
  const { diagonal, coupling, rows } = tridiagonalise(matrix, n, scale || 1);
  diagonalise(diagonal, coupling, rows);
  const order = [...diagonal.keys()].sort((a, b) => diagonal[b]! - diagonal[a]!);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => {
    vectors.set(rows[from]!, to * n);
  });
  return { values: Float64Array.from(order, (from) => diagonal[from]! * (scale || 1)), vectors };
}

/** Divides by `scale` first, so that no square leaves the range of float64. */
function tridiagonalise(matrix: Float64Array, n: number, scale: number): Reduced {
  const a = Array.from({ length: n }, (_, row) =>
    Float64Array.from({ length: n }, (_, column) => {
      const [high, low] = row > column ? [row, column] : [column, row];
      return matrix[high * n + low]! / scale;
    }),
  );
  const coupling = new Float64Array(n);
  const reflections: { readonly at: number; readonly v: Float64Array }[] = [];
  for (let k = 0; k < n - 1; k++) {
    // By symmetry row k holds what is to vanish below the diagonal of column k.
    const v = a[k]!.slice(k + 1);
    const norm = Math.sqrt(dot(v, v));
    const head = v[0]!;
    const tail = v.subarray(1);
    if (norm === 0 || maxAbs(tail) === 0) {
      coupling[k] = head;
      continue;
    }
    const target = head > 0 ? -norm : norm;
    coupling[k] = target;
    v[0] = head - target;
    const length = Math.sqrt(dot(v, v));
    for (let i = 0; i < v.length; i++) v[i]! /= length;
    // With a unit v the reflection is I - 2 v vᵀ, and the rest becomes A - 2 (v wᵀ + w vᵀ) with w = A v - (vᵀ A v) v.
    const rest = a.slice(k + 1).map((row) => row.subarray(k + 1));
    const w = Float64Array.from(rest, (row) => dot(row, v));
    addScaled(w, -dot(w, v), v);
    rest.forEach((row, i) => {
      addScaled(row, -2 * v[i]!, w);
      addScaled(row, -2 * w[i]!, v);
    });
    reflections.push({ at: k + 1, v });
  }
  const rows = Array.from({ length: n }, (_, i) => {
    const row = new Float64Array(n);
    row[i] = 1;
    return row;
  });
  for (const { at, v } of reflections.reverse()) {
    // Rows before `at` are still unit vectors there.
    for (let i = at; i < n; i++) {
      const part = rows[i]!.subarray(at);
      addScaled(part, -2 * dot(part, v), v);
    }
  }
  return { diagonal: Float64Array.from(a, (row, i) => row[i]!), coupling, rows };
}

/** Makes `diagonal` the eigenvalues and `rows` their vectors, in place. */
function diagonalise(diagonal: Float64Array, coupling: Float64Array, rows: readonly Float64Array[]): void {
  const n = diagonal.length;
  // A bound for the whole matrix: the reduction has brought rounding of this size everywhere, and beside small neighbours a coupling never
  // falls below it.
  const rounding = Number.EPSILON * (maxAbs(diagonal) + maxAbs(coupling));
  const vanishes = (i: number): boolean => Math.abs(coupling[i]!) <= rounding;
  for (let start = 0; start < n; start++) {
    for (let sweep = 0; ; sweep++) {
      let end = start;
      while (end < n - 1 && !vanishes(end)) end++;
      if (end === start) break;
      if (sweep === SWEEPS) throw new RangeError(`eigenvalue ${start} of ${n} did not settle in ${SWEEPS} sweeps`);
      chase(diagonal, coupling, rows, start, end);
    }
  }
}

/** One sweep over the block from `start` to `end`: the shift makes a bulge at the end, and rotations chase it to the start. */
function chase(
  diagonal: Float64Array,
  coupling: Float64Array,
  rows: readonly Float64Array[],
  start: number,
  end: number,
): void {
  const half = (diagonal[start + 1]! - diagonal[start]!) / (2 * coupling[start]!);
  const root = Math.hypot(half, 1);
  let bulge = diagonal[end]! - diagonal[start]! + coupling[start]! / (half + (half < 0 ? -root : root));
  let [sine, cosine, carried] = [1, 1, 0];
  for (let i = end - 1; i >= start; i--) {
    const [across, along] = [sine * coupling[i]!, cosine * coupling[i]!];
    const radius = Math.hypot(across, bulge);
    coupling[i + 1] = radius;
    if (radius === 0) {
      // The block falls apart here.
      diagonal[i + 1]! -= carried;
      coupling[end] = 0;
      return;
    }
    sine = across / radius;
    cosine = bulge / radius;
    const below = diagonal[i + 1]! - carried;
    const moved = (diagonal[i]! - below) * sine + 2 * cosine * along;
    carried = sine * moved;
    diagonal[i + 1] = below + carried;
    bulge = cosine * moved - along;
    rotate(rows[i]!, rows[i + 1]!, cosine, sine);
  }
  diagonal[start]! -= carried;
  coupling[start] = bulge;
  coupling[end] = 0;
}

function rotate(upper: Float64Array, lower: Float64Array, cosine: number, sine: number): void {
  for (let k = 0; k < upper.length; k++) {
    const [u, l] = [upper[k]!, lower[k]!];
    upper[k] = cosine * u - sine * l;
    lower[k] = sine * u + cosine * l;
  }
}
