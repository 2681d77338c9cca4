// Adam (Kingma and Ba, ICLR 2015, algorithm 1), with epsilon added after the bias correction, as PyTorch does.

import type { FloatArray } from "./tensor.js";

export interface AdamOptions {
  readonly learningRate: number;
  /** Decay of the mean of the gradient. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the mean of its square. Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
}

export interface Adam {
  /**
   * Updates `x` in place. `learningRate` replaces the option for this step, for schedules. Throws RangeError when a
   * length is not the size.
   */
  step(x: FloatArray, gradient: FloatArray, learningRate?: number): void;
}

/** The optimiser of one array of `size` numbers. Its two moments are float64 whatever the precision of `x`. */
export function createAdam(size: number, options: AdamOptions): Adam {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  const mean = new Float64Array(size);
  const square = new Float64Array(size);
  let steps = 0;
  return {
    step(x, gradient, learningRate = options.learningRate) {
      if (x.length !== size || gradient.length !== size) {
        throw new RangeError(`Adam was made for ${size} numbers, got x ${x.length} and gradient ${gradient.length}`);
      }
      steps++;
      const rate = learningRate / (1 - beta1 ** steps);
      const correction = Math.sqrt(1 - beta2 ** steps);
      for (let i = 0; i < size; i++) {
        const g = gradient[i]!;
        mean[i] = beta1 * mean[i]! + (1 - beta1) * g;
        square[i] = beta2 * square[i]! + (1 - beta2) * g * g;
        x[i] = x[i]! - (rate * mean[i]!) / (Math.sqrt(square[i]!) / correction + epsilon);
      }
    },
  };
}
