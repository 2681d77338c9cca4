// RMSprop with momentum (Hinton's lecture 6e; Graves 2013 for the momentum), as PyTorch computes it: uncentred, epsilon outside the root.
import type { FloatArray } from "./tensor.js";

export interface RmspropOptions {
  readonly learningRate: number;
  /** Decay of the mean square of the gradient. Default 0.99. */
  readonly decay?: number;
  /** Default 0. */
  readonly momentum?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
}

export interface Rmsprop {
  /** Updates `x` in place. Throws RangeError when a length is not the size. */
  step(x: FloatArray, gradient: FloatArray): void;
}

/** The optimiser of one array of `size` numbers. */
export function createRmsprop(size: number, options: RmspropOptions): Rmsprop {
  const { learningRate, decay = 0.99, momentum = 0, epsilon = 1e-8 } = options;
  const square = new Float64Array(size);
  const velocity = new Float64Array(size);
  return {
    step(x, gradient) {
      if (x.length !== size || gradient.length !== size) {
        throw new RangeError(`RMSprop was made for ${size} numbers, got x ${x.length} and gradient ${gradient.length}`);
      }
      for (let i = 0; i < size; i++) {
        const g = gradient[i]!;
        square[i] = decay * square[i]! + (1 - decay) * g * g;
        velocity[i] = momentum * velocity[i]! + g / (Math.sqrt(square[i]!) + epsilon);
        x[i] = x[i]! - learningRate * velocity[i]!;
      }
    },
  };
}
