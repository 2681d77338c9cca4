// Instance-wise label restoration (iLRG, Ma et al. 2023; spec/attacks-optimization.md 1.9), any batch size, needs a head with bias:
// ∂W_c/∂b_c estimates the mean feature of class c, the known head turns it into mean probabilities p̂_c, and the counts k solve
// Σ_c k_c = K and Σ_j p̂_j[i] k_j - k_i = K·∂b_i by least squares; then clipped, rounded and repaired to the sum K.
import { leastSquares } from "../../math/linear-solve.js";
import { labelsOf, roundToSum } from "./counts.js";
import type { LabelEvidence, LabelRule } from "./define.js";
import { firstOf, localSteps, notAGradient } from "./doubts.js";
import { biasOf, rowOf } from "./head.js";

/** p̂_c for every class c, [classes][classes]. */
function classProbabilities({ round: { payload }, head }: LabelEvidence): number[][] {
  const { model, weights } = payload;
  const { classes, features } = head;
  const bias = biasOf(head);
  const headWeight = weights.get(model.head.weight)!.data;
  const headBias = weights.get(model.head.bias!)!.data;
  return Array.from({ length: classes }, (_, c) => {
    const own = rowOf(head, c);
    const logits = Array.from({ length: classes }, (_, row) => {
      let logit = headBias[row]!;
      if (bias[c] !== 0) {
        for (let m = 0; m < features; m++) logit += (headWeight[row * features + m]! * own[m]!) / bias[c]!;
      }
      return logit;
    });
    const top = Math.max(...logits);
    const exponentials = logits.map((logit) => Math.exp(logit - top));
    const total = exponentials.reduce((sum, value) => sum + value, 0);
    return exponentials.map((value) => value / total);
  });
}

export const ilrg: LabelRule = {
  id: "ilrg",
  title: "Instance-wise label restoration",
  summary:
    "The counts that solve the equations of the bias gradient, with each class's mean probabilities estimated from its row of weight over bias gradient.",
  source: {
    authors: "Ma, Sun, Cui, Li, Guo, Liu",
    year: 2023,
    venue: "ICLR",
    url: "https://openreview.net/forum?id=FIrQfNSOoTr",
  },
  needs: ["weight", "bias", "batchSize", "steps"],
  failsWhen: "the last layer has no bias; strong noise",
  precondition: firstOf(notAGradient, localSteps),
  recover(evidence) {
    const { head, batchSize } = evidence;
    const { classes } = head;
    const bias = biasOf(head);
    const probabilities = classProbabilities(evidence);
    const system = new Float64Array((classes + 1) * classes);
    const right = new Float64Array(classes + 1);
    for (let i = 0; i < classes; i++) {
      for (let j = 0; j < classes; j++) system[i * classes + j] = probabilities[j]![i]! - (i === j ? 1 : 0);
      right[i] = batchSize * bias[i]!;
    }
    system.fill(1, classes * classes);
    right[classes] = batchSize;
    return labelsOf(roundToSum(leastSquares(system, right, classes), batchSize));
  },
};
