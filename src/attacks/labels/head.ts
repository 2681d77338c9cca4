// The last layer's part of an update, as a gradient of the mean loss. Local training sends η Σ_t v_t, v_t = Σ_j μ^(t-j) (g_j + λ w_j)
// (PyTorch's SGD); dividing by η and the number of times that gradients enter gives their mean (spec/attacks-optimization.md 1.2, 1.9).
import type { ObservedRound, TrainingDetails } from "../../threat/observation.js";

export interface HeadGradient {
  /** ∂L/∂W of the last fully connected layer, [classes, features]. */
  readonly weight: Float64Array;
  /** ∂L/∂b, [classes]; null where the layer has none. */
  readonly bias: Float64Array | null;
  readonly classes: number;
  readonly features: number;
}

/** How often gradients enter the sum of `steps` steps with this momentum: `steps` without any. */
function gradientsIn(steps: number, momentum: number): number {
  let total = 0;
  let velocity = 0;
  for (let step = 0; step < steps; step++) {
    velocity = momentum * velocity + 1;
    total += velocity;
  }
  return total;
}

/**
 * Reads the last layer's gradient off a round. Without `training` the update is taken for a gradient (FedSGD). Throws RangeError where the
 * update lacks the last layer.
 */
export function readHead({ payload, view }: ObservedRound, training?: TrainingDetails): HeadGradient {
  const { model, weights } = payload;
  const local = training?.algorithm === "FedAvg" ? training : null;
  const stepped = local !== null || view.kind === "released";
  const divisor =
    (stepped ? (training?.learningRate ?? 1) : 1) * (local ? gradientsIn(local.steps, local.momentum) : 1);
  const gradientOf = (name: string): Float64Array => {
    const sent = view.update.get(name);
    if (!sent) {
      const names = [model.head.weight, ...(model.head.bias === undefined ? [] : [model.head.bias])].join(" or ");
      throw new RangeError(`the update lacks the last layer's ${names}; labels cannot be read off it`);
    }
    const decay = local?.weightDecay ?? 0;
    const held = weights.get(name)!.data;
    return Float64Array.from(sent.data, (value, i) => value / divisor - decay * held[i]!);
  };
  const weight = gradientOf(model.head.weight);
  return {
    weight,
    bias: model.head.bias === undefined ? null : gradientOf(model.head.bias),
    classes: model.classes,
    features: weight.length / model.classes,
  };
}

/** The bias gradient. Throws RangeError where the layer has none. */
export function biasOf({ bias }: HeadGradient): Float64Array {
  if (bias) return bias;
  throw new RangeError("the last layer has no bias, which this label rule reads; take another rule (docs/labels.md)");
}

/** The part of class `c`, [features]. */
export const rowOf = ({ weight, features }: HeadGradient, c: number): Float64Array =>
  weight.subarray(c * features, (c + 1) * features);

/** g_c = Σ_m ∂W[c, m], [classes]. */
export const rowSums = (head: HeadGradient): Float64Array =>
  Float64Array.from({ length: head.classes }, (_, c) => rowOf(head, c).reduce((sum, value) => sum + value, 0));

/** Σ_c ∂W[c, m], [features]: zero but for rounding in a plain gradient. */
export function columnSums(head: HeadGradient): Float64Array {
  const total = new Float64Array(head.features);
  head.weight.forEach((value, at) => {
    total[at % head.features]! += value;
  });
  return total;
}
