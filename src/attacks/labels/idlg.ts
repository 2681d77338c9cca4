// Label rule of iDLG (Zhao et al. 2020, arXiv 2001.02610), batch size 1: only the true class has a negative last-layer gradient, since
// ∂L/∂b_c = p_c - 1[y = c]. Reads the bias gradient, which is right for features of any sign; the paper's rule sums the weight rows.
import { headGradient, type LabelRule } from "./define.js";

export const idlgLabels: LabelRule = (round, batchSize) => {
  const bias = Array.from(headGradient(round).bias);
  const label = bias.indexOf(Math.min(...bias));
  const negative = bias.filter((value) => value < 0).length;
  return {
    values: Array.from({ length: batchSize }, () => label),
    method: "labels/idlg",
    ...(batchSize > 1 || negative !== 1
      ? {
          warning: `the rule is exact for one image; here ${batchSize} image(s) and ${negative} classes with a negative gradient`,
        }
      : {}),
  };
};
