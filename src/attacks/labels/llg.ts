// Label Leakage from Gradients (Wainakh et al. 2022, arXiv 2105.09369): an image of class c lowers g_c = Σ_m ∂W[c, m] by about the impact
// m = (1/K) Σ_{g_c < 0} |g_c| · (1 + 1/C); classes are named by sign first, by what is left of g_c then.
import { nameByImpact } from "./counts.js";
import type { LabelRule, LabelRuleInfo } from "./define.js";
import { firstOf, localSteps, notAGradient, signedFeatures, unevenPredictions } from "./doubts.js";
import { rowSums } from "./head.js";

export const llgSource: LabelRuleInfo["source"] = {
  authors: "Wainakh et al.",
  year: 2022,
  venue: "PoPETs",
  url: "https://arxiv.org/abs/2105.09369",
};

export const llg: LabelRule = {
  id: "llg",
  title: "Label Leakage from Gradients",
  summary:
    "Every class whose row of the weight gradient has a negative sum, once; then whichever is lowest after each label's average impact is taken out.",
  source: llgSource,
  needs: ["weight", "batchSize"],
  failsWhen: "few classes and many repeats; the net is trained; features may be negative",
  precondition: firstOf(
    notAGradient,
    signedFeatures,
    unevenPredictions,
    ({ head: { classes }, batchSize }) =>
      batchSize > classes ? `${batchSize} images of ${classes} classes repeat more than the rule can count` : null,
    localSteps,
  ),
  recover({ head, batchSize }) {
    const sums = rowSums(head);
    const negative = sums.reduce((total, sum) => total + Math.min(0, sum), 0);
    return nameByImpact(sums, (-negative / batchSize) * (1 + 1 / head.classes), batchSize);
  },
};
