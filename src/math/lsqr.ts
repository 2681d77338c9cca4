// LSQR for sparse least squares (Paige and Saunders 1982): min ‖A x - b‖ from products with A and Aᵀ alone; from x = 0 it reaches the solution of
// minimal norm where there are many.
import { addProduct, addTransposedProduct, type SparseMatrix } from "./sparse.js";
import { addScaled, dot } from "./vector.js";

export interface LsqrOptions {
  /** Stops when ‖b - A x‖ / ‖b‖, or ‖Aᵀ r‖ / (‖A‖ ‖r‖), falls below it. */
  readonly tolerance?: number;
  readonly iterations?: number;
}

export interface LsqrReport {
  readonly x: Float64Array;
  readonly iterations: number;
  /** ‖b - A x‖ / ‖b‖, computed afresh at the end. */
  readonly residual: number;
  /** Why it ended: the equations hold, no better x is left, or the iterations are used up. */
  readonly stop: "solved" | "least-squares" | "iterations";
}

const norm = (a: Float64Array): number => Math.sqrt(dot(a, a));

function normalise(a: Float64Array): number {
  const length = norm(a);
  if (length > 0) for (let i = 0; i < a.length; i++) a[i]! /= length;
  return length;
}

/** Runs on; every value handed over is the relative residual after one more iteration, so that a caller can report or give up in between. */
export function* lsqrSteps(
  matrix: SparseMatrix,
  b: Float64Array,
  { tolerance = 1e-12, iterations = 4 * matrix.columns }: LsqrOptions = {},
): Generator<number, LsqrReport> {
  if (b.length !== matrix.rows) {
    throw new RangeError(`a matrix of ${matrix.rows} rows needs as many right-hand sides, got ${b.length}`);
  }
  const x = new Float64Array(matrix.columns);
  const size = norm(b);
  const u = b.slice();
  let beta = normalise(u);
  const v = new Float64Array(matrix.columns);
  addTransposedProduct(matrix, u, v);
  let alpha = normalise(v);
  if (alpha * beta === 0)
    return { x, iterations: 0, residual: size > 0 ? 1 : 0, stop: size > 0 ? "least-squares" : "solved" };
  const w = v.slice();
  let [phi, rho, square] = [beta, alpha, alpha ** 2];
  let stop: LsqrReport["stop"] = "iterations";
  let step = 0;
  while (step < iterations && stop === "iterations") {
    step++;
    for (let i = 0; i < u.length; i++) u[i]! *= -alpha;
    addProduct(matrix, v, u);
    beta = normalise(u);
    square += beta ** 2;
    for (let i = 0; i < v.length; i++) v[i]! *= -beta;
    addTransposedProduct(matrix, u, v);
    alpha = normalise(v);
    square += alpha ** 2;
    const radius = Math.hypot(rho, beta);
    const [cosine, sine] = [rho / radius, beta / radius];
    const theta = sine * alpha;
    rho = -cosine * alpha;
    addScaled(x, (cosine * phi) / radius, w);
    phi *= sine;
    for (let i = 0; i < w.length; i++) w[i] = v[i]! - (theta / radius) * w[i]!;
    if (phi <= tolerance * size) stop = "solved";
    // ‖Aᵀ r‖ = φ α |c|, and ‖A‖ is at most the root of the sum of squares so far.
    else if (alpha * Math.abs(cosine) <= tolerance * Math.sqrt(square)) stop = "least-squares";
    yield phi / size;
  }
  const rest = b.map((value) => -value);
  addProduct(matrix, x, rest);
  return { x, iterations: step, residual: norm(rest) / size, stop };
}

/** `lsqrSteps` to its end. */
export function lsqr(matrix: SparseMatrix, b: Float64Array, options: LsqrOptions = {}): LsqrReport {
  const steps = lsqrSteps(matrix, b, options);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
