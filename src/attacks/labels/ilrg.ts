// Instance-wise label restoration (iLRG; rule `ilrg` of spec/attacks-optimization.md 1.9), any batch size, needs a head with bias:
// ∂W_c/∂b_c estimates the mean feature of class c, the known head turns it into mean probabilities p̂_c, and the counts k solve
// Σ_c k_c = K and Σ_j p̂_j[i] k_j - k_i = K·∂b_i by least squares; then clipped, rounded and repaired to the sum K.
import { leastSquares } from "../../math/linear-solve.js";
import { headGradient, type LabelRule } from "./define.js";

export const ilrgLabels: LabelRule = (round, batchSize) => {
  const { weight, bias, classes, features } = headGradient(round);
  const { model, weights } = round.payload;
  const headWeight = weights.get(model.head.weight)!.data;
  const headBias = weights.get(model.head.bias!)!.data;

  const probabilities = Array.from({ length: classes }, (_, c) => {
    const logits = Array.from({ length: classes }, (_, row) => {
      let logit = headBias[row]!;
      if (bias[c] !== 0) {
        for (let m = 0; m < features; m++)
          logit += (headWeight[row * features + m]! * weight[c * features + m]!) / bias[c]!;
      }
      return logit;
    });
    const top = Math.max(...logits);
    const exponentials = logits.map((logit) => Math.exp(logit - top));
    const total = exponentials.reduce((sum, value) => sum + value, 0);
    return exponentials.map((value) => value / total);
  });

  const system = new Float64Array((classes + 1) * classes);
  const right = new Float64Array(classes + 1);
  for (let i = 0; i < classes; i++) {
    for (let j = 0; j < classes; j++) system[i * classes + j] = probabilities[j]![i]! - (i === j ? 1 : 0);
    right[i] = batchSize * bias[i]!;
  }
  system.fill(1, classes * classes);
  right[classes] = batchSize;
  const raw = leastSquares(system, right, classes).map((count) => Math.max(0, count));
  return { values: roundToSum(raw, batchSize), method: "labels/ilrg" };
};

/** Non-negative counts rounded so that they add up to `total` (largest remainder), as a sorted list of labels. */
function roundToSum(counts: Float64Array, total: number): number[] {
  const whole = Array.from(counts, Math.round);
  const surplus = () => whole.reduce((sum, count) => sum + count, 0) - total;
  const error = (c: number) => whole[c]! - counts[c]!;
  while (surplus() !== 0) {
    const down = surplus() > 0;
    const candidates = whole.map((_, c) => c).filter((c) => !down || whole[c]! > 0);
    const pick = candidates.reduce((best, c) => ((down ? error(c) > error(best) : error(c) < error(best)) ? c : best));
    whole[pick]! += down ? -1 : 1;
  }
  return whole.flatMap((count, label) => Array.from({ length: count }, () => label));
}
