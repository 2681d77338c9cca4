// Label rule of iDLG (Zhao et al. 2020, arXiv 2001.02610), batch size 1: only the true class has a negative ∂L/∂b_c = p_c - 1[y = c].
// Without a bias the paper's rule: row c of ∂W is (p_c - 1[y = c])·h, so that the true row alone points away from all others, whatever signs
// h has. Two classes give two opposite rows; then the lower sum, right for h ≥ 0.
import type { LabelEvidence, LabelRule } from "./define.js";
import { notAGradient, signedFeatures } from "./doubts.js";
import { columnSums, type HeadGradient, rowOf, rowSums } from "./head.js";

/** Lowest for the true class. */
function scores(head: HeadGradient): Float64Array {
  if (head.bias) return Float64Array.from(head.bias);
  if (head.classes === 2) return rowSums(head);
  const total = columnSums(head);
  return Float64Array.from({ length: head.classes }, (_, c) =>
    rowOf(head, c).reduce((product, value, m) => product + value * (total[m]! - value), 0),
  );
}

function precondition(evidence: LabelEvidence): string | null {
  const { head, batchSize } = evidence;
  if (head.bias) {
    const negative = head.bias.filter((value) => value < 0).length;
    if (batchSize === 1 && negative === 1) return null;
    return `the rule is exact for one image; here ${batchSize} image(s) and ${negative} classes with a negative gradient`;
  }
  if (batchSize > 1) return `the rule is exact for one image; here ${batchSize} images`;
  return notAGradient(evidence) ?? (head.classes === 2 ? signedFeatures(evidence) : null);
}

export const idlg: LabelRule = {
  id: "idlg",
  title: "Sign of the last layer",
  summary:
    "The class whose bias gradient is negative; without a bias, the class whose row of the weight gradient points away from all other rows.",
  source: { authors: "Zhao, Mopuri, Bilen", year: 2020, venue: "arXiv", url: "https://arxiv.org/abs/2001.02610" },
  needs: ["either"],
  failsWhen: "more than one image; two classes, no bias and features that may be negative",
  precondition,
  recover({ head, batchSize }) {
    const values = scores(head);
    return Array<number>(batchSize).fill(values.indexOf(Math.min(...values)));
  },
};
