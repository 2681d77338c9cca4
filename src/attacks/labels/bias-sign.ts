// Label rule `bias-sign` (spec/attacks-optimization.md 1.9): a class without an image has ∂L/∂b_c > 0, so that a negative one is in the batch.
import { byRising } from "./counts.js";
import type { LabelRule } from "./define.js";
import { firstOf, notAGradient } from "./doubts.js";
import { biasOf } from "./head.js";

export const biasSign: LabelRule = {
  id: "bias-sign",
  title: "Signs of the last bias",
  summary: "Every class whose bias gradient is negative, once.",
  source: null,
  needs: ["bias"],
  failsWhen: "labels repeat; the model gives a class of the batch a high probability on other images",
  precondition: firstOf(notAGradient, ({ head, batchSize }) => {
    const negative = biasOf(head).filter((value) => value < 0).length;
    if (negative === batchSize) return null;
    return `the rule names each class once; ${negative} classes have a negative gradient for ${batchSize} image(s)`;
  }),
  recover({ head, batchSize }) {
    const bias = biasOf(head);
    return byRising(bias)
      .filter((c) => bias[c]! < 0)
      .slice(0, batchSize);
  },
};
