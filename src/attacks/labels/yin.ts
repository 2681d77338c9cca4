// Label rule of GradInversion (Yin et al. 2021, arXiv 2104.07586): the classes whose row of ∂W reaches lowest. One image of the class is
// enough to pull some entry down, where a sum over the row may be outweighed by the other images.
import { byRising } from "./counts.js";
import type { LabelRule } from "./define.js";
import { firstOf, notAGradient, signedFeatures } from "./doubts.js";
import { rowOf } from "./head.js";

export const yin: LabelRule = {
  id: "yin",
  title: "Lowest entry of each row",
  summary: "The classes with the lowest entry in their row of the weight gradient, as many as there are images.",
  source: {
    authors: "Yin, Mallya, Vahdat, Alvarez, Kautz, Molchanov",
    year: 2021,
    venue: "CVPR",
    url: "https://arxiv.org/abs/2104.07586",
  },
  needs: ["weight", "batchSize"],
  failsWhen: "labels repeat (by design); features may be negative",
  precondition: firstOf(notAGradient, signedFeatures, ({ head, batchSize }) => {
    const negative = Array.from({ length: head.classes }, (_, c) => rowOf(head, c).some((value) => value < 0));
    const seen = negative.filter(Boolean).length;
    if (seen >= batchSize) return null;
    return `the rule names each class once; ${seen} classes have a negative gradient for ${batchSize} image(s)`;
  }),
  recover({ head, batchSize }) {
    const lowest = Array.from({ length: head.classes }, (_, c) => rowOf(head, c).reduce((a, b) => Math.min(a, b)));
    return byRising(lowest).slice(0, batchSize);
  },
};
