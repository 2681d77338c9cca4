// Adam with its moments in the open, so that a training can be put away and taken up again. What it does to numbers is what math/adam.ts does,
// to the last bit.
import type { FloatArray } from "../../math/tensor.js";

export interface AdamState {
  /** Means of the gradient, and of its square. */
  readonly mean: Float64Array;
  readonly square: Float64Array;
}

const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];

export const freshAdam = (size: number): AdamState => ({
  mean: new Float64Array(size),
  square: new Float64Array(size),
});

/** Step number `step`, the first is 1, of `values` in place. */
export function adamStep(
  { mean, square }: AdamState,
  step: number,
  values: FloatArray,
  slope: FloatArray,
  learningRate: number,
): void {
  const rate = learningRate / (1 - BETA1 ** step);
  const correction = Math.sqrt(1 - BETA2 ** step);
  for (let i = 0; i < values.length; i++) {
    const g = slope[i]!;
    mean[i] = BETA1 * mean[i]! + (1 - BETA1) * g;
    square[i] = BETA2 * square[i]! + (1 - BETA2) * g * g;
    values[i] = values[i]! - (rate * mean[i]!) / (Math.sqrt(square[i]!) / correction + EPSILON);
  }
}
