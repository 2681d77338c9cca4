// What the last fully connected layer read, from that layer's gradient alone: one division per image (FGLA, Xue et al. 2023; code read).
// ∂L/∂W[c] = 1/b Σ_i (p_ic - 1[y_i = c]) f_i. Rows of absent classes hold the cross terms only; their mean, taken off the rows of present
// ones, leaves -(1 - p_jy) f_j / b, and the bias the same without f_j.
import type { FloatArray } from "../../../math/tensor.js";

export interface LastLayerGradient {
  /** ∂L/∂W, [classes, features]. */
  readonly weight: FloatArray;
  /** ∂L/∂b, [classes]. */
  readonly bias: FloatArray;
}

/**
 * The features behind each of `labels`, which are distinct: the images' own where no label repeats in the batch of `batchSize`, else the
 * images' mean. Entries that come out as no number are 0. A bias of 0, as compression leaves it, is replaced by
 * what it is where all classes are about as likely (ours; the authors' code takes features of 0). `offsets: false` leaves the cross terms in, for comparison.
 */
export function recoverFeatures(
  { weight, bias }: LastLayerGradient,
  labels: readonly number[],
  batchSize: number,
  { offsets = true }: { readonly offsets?: boolean } = {},
): Float32Array[] {
  const classes = bias.length;
  const features = weight.length / classes;
  const present = new Set(labels);
  const absent = Array.from({ length: classes }, (_, c) => c).filter((c) => !present.has(c));
  // Without absent classes nothing shows the cross terms.
  const factor = offsets && absent.length > 0 ? (batchSize - 1) / (batchSize * absent.length) : 0;
  const offset = new Float64Array(features);
  let biasOffset = 0;
  for (const c of absent) {
    for (let i = 0; i < features; i++) offset[i]! += factor * weight[c * features + i]!;
    biasOffset += factor * bias[c]!;
  }
  return labels.map((label) => {
    // Compression drops biases first. Of a present class -(1 - p) / b was there, with p about 1 / classes.
    const divisor = (bias[label]! === 0 ? (1 / classes - 1) / batchSize : bias[label]!) - biasOffset;
    return Float32Array.from(offset, (cross, i) => {
      const value = (weight[label * features + i]! - cross) / divisor;
      return Number.isFinite(value) ? value : 0;
    });
  });
}
