// Thin singular value decomposition in float64: QR first, then one-sided Jacobi rotations of the small factor (Demmel and Veselić 1992; small
// singular values keep their digits), and what follows from it: numerical rank and least squares of minimal norm.
import { thinQr } from "./qr.js";
import { addScaled, dot } from "./vector.js";

export interface Svd {
  /** Descending, k = min(rows, columns) of them. */
  readonly values: Float64Array;
  /** k columns of `rows` entries, orthonormal; all zero where the value is 0 (below 1e-20 of the largest). */
  readonly left: readonly Float64Array[];
  /** k vectors of `columns` entries, orthonormal; all zero where the value is 0 (below 1e-20 of the largest). */
  readonly right: readonly Float64Array[];
}

const SWEEPS = 60;
/** Columns below this share of the largest are rounding of rounding: they count as 0, or rotations would chase them down to underflow. */
const NOTHING = 1e-20;

/** Decomposes the row-major `matrix`. Throws RangeError when the length is not rows × columns or an entry is no finite number. */
export function thinSvd(matrix: Float64Array, rows: number, columns: number): Svd {
  if (matrix.length !== rows * columns) {
    throw new RangeError(`a ${rows}×${columns} matrix holds ${rows * columns} numbers, got ${matrix.length}`);
  }
  if (!matrix.every(Number.isFinite)) throw new RangeError(`a ${rows}×${columns} matrix holds no finite number`);
  const wide = rows < columns;
  const tall = wide
    ? Array.from({ length: rows }, (_, row) => matrix.subarray(row * columns, (row + 1) * columns))
    : Array.from({ length: columns }, (_, j) =>
        Float64Array.from({ length: rows }, (_, i) => matrix[i * columns + j]!),
      );
  const n = tall.length;
  const { q, r } = thinQr(tall);
  // Columns of Rᵀ: Rᵀ V = U Σ gives A = Q V Σ Uᵀ.
  const scaled = Array.from({ length: n }, (_, i) => r.slice(i * n, (i + 1) * n));
  const v = Array.from({ length: n }, (_, i) => {
    const unit = new Float64Array(n);
    unit[i] = 1;
    return unit;
  });
  orthogonalise(scaled, v);
  const lengths = scaled.map((column) => Math.sqrt(dot(column, column)));
  const largest = Math.max(0, ...lengths);
  const norms = lengths.map((length) => (length > NOTHING * largest ? length : 0));
  const order = [...norms.keys()].sort((a, b) => norms[b]! - norms[a]!);
  const outer = order.map((k) => {
    const vector = new Float64Array(tall[0]!.length);
    if (norms[k]! > 0)
      q.forEach((column, i) => {
        addScaled(vector, v[k]![i]!, column);
      });
    return vector;
  });
  const inner = order.map((k) => scaled[k]!.map((entry) => (norms[k]! > 0 ? entry / norms[k]! : 0)));
  const values = Float64Array.from(order, (k) => norms[k]!);
  return wide ? { values, left: inner, right: outer } : { values, left: outer, right: inner };
}

/** Rotates pairs of columns until all are orthogonal to rounding, and `v` with them. */
function orthogonalise(columns: readonly Float64Array[], v: readonly Float64Array[]): void {
  const n = columns.length;
  const tolerance = Number.EPSILON * Math.max(8, Math.sqrt(n));
  const floor = NOTHING ** 2 * Math.max(0, ...columns.map((column) => dot(column, column)));
  for (let sweep = 0; ; sweep++) {
    if (sweep === SWEEPS) throw new RangeError(`${n} singular values did not settle in ${SWEEPS} sweeps`);
    let rotated = false;
    for (let i = 0; i < n - 1; i++) {
      for (let j = i + 1; j < n; j++) {
        const [a, b] = [columns[i]!, columns[j]!];
        const [aa, bb, ab] = [dot(a, a), dot(b, b), dot(a, b)];
        if (aa <= floor || bb <= floor || Math.abs(ab) <= tolerance * Math.sqrt(aa) * Math.sqrt(bb)) continue;
        rotated = true;
        const zeta = (bb - aa) / (2 * ab);
        const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
        const cosine = 1 / Math.hypot(1, t);
        rotate(a, b, cosine, cosine * t);
        rotate(v[i]!, v[j]!, cosine, cosine * t);
      }
    }
    if (!rotated) return;
  }
}

function rotate(a: Float64Array, b: Float64Array, cosine: number, sine: number): void {
  for (let k = 0; k < a.length; k++) {
    const [x, y] = [a[k]!, b[k]!];
    a[k] = cosine * x - sine * y;
    b[k] = sine * x + cosine * y;
  }
}

/** How many singular values (descending) lie above that share of the largest: about 1e-9 for float64 data, 1e-5 for float32. */
export function numericalRank(values: Float64Array, tolerance: number): number {
  return values.filter((value) => value > tolerance * values[0]!).length;
}

/** The shortest x of all that minimise ‖A x - b‖; singular values below `tolerance` of the largest count as 0. */
export function minimalNormLeastSquares(
  a: Float64Array,
  b: Float64Array,
  columns: number,
  tolerance = 1e-12,
): { readonly x: Float64Array; readonly rank: number; readonly condition: number } {
  const { values, left, right } = thinSvd(a, b.length, columns);
  const rank = numericalRank(values, tolerance);
  const x = new Float64Array(columns);
  for (let k = 0; k < rank; k++) addScaled(x, dot(left[k]!, b) / values[k]!, right[k]!);
  return { x, rank, condition: rank === 0 ? Number.POSITIVE_INFINITY : values[0]! / values[rank - 1]! };
}
