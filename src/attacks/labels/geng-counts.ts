// Zero-shot batch label restoration (Geng et al. 2021, arXiv 2110.09074; spec/attacks-optimization.md 1.9): with the mean softmax p̄ and
// the mean feature sum Ō of other pictures, Σ_m ∂W[c, m] ≈ Ō (p̄_c - n_c/K) gives n_c. Over local steps p̄ and Ō move; they are measured before
// the first and after the last and interpolated. (∂L/∂b would give n_c without Ō; the rule does without a bias.)
import { labelsOf, roundToSum } from "./counts.js";
import type { Impression, LabelEvidence, LabelRule } from "./define.js";
import { firstOf, notAGradient } from "./doubts.js";
import { rowSums } from "./head.js";
import { probeOf, unlikeProbe } from "./probe-reading.js";

/** p̄ [classes] and Ō. */
function means({ probabilities, featureSums }: Impression, classes: number) {
  const images = featureSums.length;
  const probability = new Float64Array(classes);
  for (let at = 0; at < images * classes; at++) probability[at % classes]! += probabilities[at]! / images;
  return { probability, featureSum: Array.from(featureSums).reduce((sum, value) => sum + value, 0) / images };
}

/** Counts before rounding; they add up to K where the update is a gradient. */
function rawCounts({ head, batchSize, steps, probe }: LabelEvidence): Float64Array {
  const { states } = probeOf(probe);
  const [first, last] = [means(states[0], head.classes), means(states.at(-1)!, head.classes)];
  const expected = new Float64Array(head.classes);
  let featureSum = 0;
  for (let step = 0; step < steps; step++) {
    const part = step / steps;
    const here = (1 - part) * first.featureSum + part * last.featureSum;
    featureSum += here / steps;
    for (let c = 0; c < head.classes; c++) {
      expected[c]! += (here / steps) * ((1 - part) * first.probability[c]! + part * last.probability[c]!);
    }
  }
  return rowSums(head).map((sum, c) => (batchSize * (expected[c]! - sum)) / featureSum);
}

const FAR_FROM_WHOLE = 0.25;

export const gengCounts: LabelRule = {
  id: "geng-counts",
  title: "Counts by mean softmax and mean features",
  summary:
    "The count of every class from the sum over its row of the weight gradient, given the mean softmax and the mean feature sum of other pictures.",
  source: { authors: "Geng et al.", year: 2021, venue: "arXiv", url: "https://arxiv.org/abs/2110.09074" },
  needs: ["weight", "batchSize", "steps", "pictures"],
  failsWhen: "the pictures at hand excite other features than the client's",
  precondition: firstOf(notAGradient, unlikeProbe, (evidence) => {
    const off = Math.max(...rawCounts(evidence).map((count) => Math.abs(count - Math.round(count))));
    if (off <= FAR_FROM_WHOLE) return null;
    return `the counts are up to ${off.toFixed(2)} away from whole numbers`;
  }),
  recover: (evidence) => labelsOf(roundToSum(rawCounts(evidence), evidence.batchSize)),
};
