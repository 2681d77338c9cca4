// The limited memory of L-BFGS: the last pairs s (step) and y (change of gradient), and the two-loop recursion that
// multiplies a gradient by the inverse Hessian they imply (Nocedal and Wright, 2nd ed., algorithm 7.4, eq. 7.20).

import { addScaled, dot } from "./vector.js";

interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
  inverse: number;
}

export interface Curvature {
  /**
   * Remembers the pair s = length * direction, y = gradient - previous, if y·s > 1e-10; it then replaces the oldest
   * one when the memory is full. Tells whether it was kept.
   */
  add(direction: Float64Array, length: number, gradient: Float64Array, previous: Float64Array): boolean;
  /** Writes minus the inverse Hessian times `gradient` to `out`; minus the gradient itself while nothing is known. */
  descend(gradient: Float64Array, out: Float64Array): void;
}

const MIN_CURVATURE = 1e-10;

/** A memory of up to `history` pairs of vectors of `size` entries; it grows as they come, 16 bytes per entry. */
export function createCurvature(size: number, history: number): Curvature {
  const pairs: Pair[] = [];
  const weights = new Float64Array(history);
  let scale = 1;
  let candidate: Pair = emptyPair(size);

  return {
    add(direction, length, gradient, previous) {
      const { s, y } = candidate;
      for (let i = 0; i < size; i++) {
        s[i] = direction[i]! * length;
        y[i] = gradient[i]! - previous[i]!;
      }
      const product = dot(y, s);
      if (!(product > MIN_CURVATURE)) return false;
      candidate.inverse = 1 / product;
      scale = product / dot(y, y);
      pairs.push(candidate);
      candidate = pairs.length > history ? pairs.shift()! : emptyPair(size);
      return true;
    },
    descend(gradient, out) {
      for (let i = 0; i < size; i++) out[i] = -gradient[i]!;
      for (let k = pairs.length - 1; k >= 0; k--) {
        const { s, y, inverse } = pairs[k]!;
        weights[k] = dot(s, out) * inverse;
        addScaled(out, -weights[k]!, y);
      }
      for (let i = 0; i < size; i++) out[i]! *= scale;
      for (let k = 0; k < pairs.length; k++) {
        const { s, y, inverse } = pairs[k]!;
        addScaled(out, weights[k]! - dot(y, out) * inverse, s);
      }
    },
  };
}

function emptyPair(size: number): Pair {
  return { s: new Float64Array(size), y: new Float64Array(size), inverse: 0 };
}
