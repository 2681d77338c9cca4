// The rule `joint` of DLG (Zhu et al. 2019): no stage of its own. The search for the images moves label logits too, and the largest of each
// row is the label (optimization/lbfgs-attack.ts). Listed beside the rules that read labels off the update.
import type { LabelRuleInfo } from "./define.js";

export const joint: LabelRuleInfo = {
  id: "joint",
  title: "Labels found with the images",
  summary: "Label logits are variables of the search beside the pixels; what `dlg` does.",
  source: { authors: "Zhu, Liu, Han", year: 2019, venue: "NeurIPS", url: "https://arxiv.org/abs/1906.08935" },
  needs: [],
  failsWhen: "the search fails; more than one image makes it slow, since images may trade places",
};
