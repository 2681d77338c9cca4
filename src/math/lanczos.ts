// Lanczos' iteration for symmetric matrices that are known by their products only, in float64 with every new direction
// made orthogonal to all earlier ones twice (Golub and Van Loan, Matrix Computations, 4th ed., section 10.3): slow for
// thousands of steps, but without ghost eigenvalues.

import type { Random } from "./random.js";
import { addScaled, dot } from "./vector.js";

export interface LanczosOptions {
  /** Where the first direction points; its length does not matter. Throws RangeError when it is zero. */
  readonly start: Float64Array;
  /** How many products at most; as many as `start` has entries give all eigenvalues, if `restart` is there. */
  readonly steps: number;
  /**
   * Draws a new direction whenever the old ones turn out to be closed under the matrix, so that repeated eigenvalues
   * are found as often as they occur. Without it the iteration ends there.
   */
  readonly restart?: Random;
  readonly signal?: AbortSignal;
}

/** A symmetric tridiagonal matrix: `coupling[i]` stands beside `diagonal[i]` and `diagonal[i + 1]`. */
export interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** One fewer than `diagonal`. */
  readonly coupling: Float64Array;
}

export interface Lanczos extends Tridiagonal {
  /** Orthonormal directions, one per step: in them the matrix is tridiagonal. */
  readonly basis: readonly Float64Array[];
  /** How strongly the matrix leads out of the directions; 0 where they are closed under it. */
  readonly remainder: number;
}

/** Below this share of the matrix's size, what is left of a new direction is rounding. */
const ROUNDING = 1e-13;

/** Runs the iteration on v ↦ A v. Rejects with the signal's reason, and RangeError as `start` says. */
export async function lanczos(
  multiply: (v: Float64Array) => Promise<Float64Array>,
  { start, steps, restart, signal }: LanczosOptions,
): Promise<Lanczos> {
  const size = start.length;
  const first = Math.sqrt(dot(start, start));
  if (!(first > 0)) throw new RangeError(`Lanczos needs a start other than zero, got ${size} numbers of norm ${first}`);
  const basis: Float64Array[] = [];
  const diagonal: number[] = [];
  const couplings: number[] = [];
  let scale = 0;
  let next: Float64Array = start.map((value) => value / first);
  while (basis.length < Math.min(steps, size)) {
    signal?.throwIfAborted();
    basis.push(next);
    const image = Float64Array.from(await multiply(next));
    diagonal.push(dot(next, image));
    orthogonalise(image, basis);
    const left = Math.sqrt(dot(image, image));
    scale = Math.max(scale, Math.abs(diagonal[diagonal.length - 1]!), left);
    if (basis.length < size && left > ROUNDING * scale) {
      couplings.push(left);
      next = image.map((value) => value / left);
      continue;
    }
    couplings.push(0);
    if (!restart || basis.length === size) break;
    next = freshDirection(size, basis, restart);
  }
  return {
    basis,
    diagonal: Float64Array.from(diagonal),
    coupling: Float64Array.from(couplings.slice(0, -1)),
    remainder: couplings[couplings.length - 1]!,
  };
}

/**
 * Takes the share of every direction out of `vector`, in place; the second pass takes what rounding of the first left
 * over.
 */
export function orthogonalise(vector: Float64Array, basis: readonly Float64Array[]): void {
  for (let pass = 0; pass < 2; pass++) {
    for (const direction of basis) addScaled(vector, -dot(direction, vector), direction);
  }
}

function freshDirection(size: number, basis: readonly Float64Array[], random: Random): Float64Array {
  const drawn = new Float64Array(size);
  // A draw that lies in the old directions leaves rounding only; one of length √size leaves 1 or so where a single
  // dimension is free.
  for (;;) {
    random.fillNormal(drawn, 0, 1);
    orthogonalise(drawn, basis);
    const norm = Math.sqrt(dot(drawn, drawn));
    if (norm > 1e-6) return drawn.map((value) => value / norm);
  }
}
