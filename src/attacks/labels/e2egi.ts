// Label rule of E2EGI (Li et al. 2023): as LLG, but the impact of a label is read off the class that is surely absent: its
// g_c = Σ_m ∂W[c, m] is the mean feature sum over C, so that one label weighs m = C · max_c g_c / K.
import { nameByImpact } from "./counts.js";
import type { LabelRule } from "./define.js";
import { firstOf, localSteps, notAGradient, signedFeatures, unevenPredictions } from "./doubts.js";
import { rowSums } from "./head.js";

export const e2egi: LabelRule = {
  id: "e2egi",
  title: "End-to-End Gradient Inversion's counts",
  summary:
    "Every class whose row of the weight gradient has a negative sum, once; then whichever is lowest after the impact that the highest sum implies is taken out.",
  source: { authors: "Li et al.", year: 2023, venue: "IEEE JBHI", url: "https://github.com/zhaohuali/E2EGI" },
  needs: ["weight", "batchSize"],
  failsWhen: "all classes are in the batch; the net is trained; features may be negative",
  precondition: firstOf(
    notAGradient,
    signedFeatures,
    unevenPredictions,
    ({ head, batchSize }) => {
      const present = rowSums(head).filter((sum) => sum < 0).length;
      if (batchSize < head.classes && present < head.classes) return null;
      return `some class must be absent; ${batchSize} images of ${head.classes} classes may hold all of them`;
    },
    localSteps,
  ),
  recover({ head, batchSize }) {
    const sums = rowSums(head);
    return nameByImpact(sums, (head.classes * Math.max(...sums)) / batchSize, batchSize);
  },
};
