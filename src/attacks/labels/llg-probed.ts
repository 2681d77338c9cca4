// LLG+ and LLG* (Wainakh et al. 2022): LLG with the impact of a label and the offset of a class measured on pictures that the adversary has.
// A batch of class c alone has g_c = mean_i (p_i[c] - 1) Σ_m h_i[m], one of other classes p_i[c] Σ_m h_i[m], so that one pass over
// the pictures stands for all of the paper's auxiliary batches. Signs are read before offsets are taken off.
import { nameByImpact } from "./counts.js";
import type { LabelEvidence, LabelRule, Probe } from "./define.js";
import { firstOf, localSteps, notAGradient } from "./doubts.js";
import { rowSums } from "./head.js";
import { llgSource } from "./llg.js";
import { probeOf, unlikeProbe } from "./probe-reading.js";

/** What one label takes off its class's sum in a batch of one, and what other labels add to each class. */
function measure({ source, labels, states }: Probe, classes: number) {
  const impact = { total: 0, classes: 0 };
  const offsets = new Float64Array(classes);
  for (let c = 0; c < classes; c++) {
    const own = { total: 0, count: 0 };
    const other = { total: 0, count: 0 };
    for (const { probabilities, featureSums } of states) {
      labels.forEach((label, i) => {
        const [p, sum] = [probabilities[i * classes + c]!, featureSums[i]!];
        if (source === "dummies" || label === c) {
          own.total += (1 - p) * sum;
          own.count++;
        }
        if (source === "dummies" || label !== c) {
          other.total += p * sum;
          other.count++;
        }
      });
    }
    offsets[c] = other.count === 0 ? 0 : other.total / other.count;
    if (own.count === 0) continue;
    impact.total += own.total / own.count;
    impact.classes++;
  }
  return { impact: impact.total / impact.classes, offsets };
}

function recover({ head, batchSize, probe }: LabelEvidence): readonly number[] {
  const { impact, offsets } = measure(probeOf(probe), head.classes);
  return nameByImpact(rowSums(head), (impact / batchSize) * (1 + 1 / head.classes), batchSize, offsets);
}

const shared = { source: llgSource, precondition: firstOf(notAGradient, unlikeProbe, localSteps), recover };

export const llgPlus: LabelRule = {
  id: "llg-plus",
  title: "LLG+",
  summary: "LLG with the impact of a label and the offset of each class measured on labelled surrogate pictures.",
  needs: ["weight", "batchSize", "steps", "surrogate"],
  failsWhen: "surrogate pictures excite other features than the client's",
  ...shared,
};

export const llgStar: LabelRule = {
  id: "llg-star",
  title: "LLG*",
  summary: "LLG with the impact of a label and the offset of each class measured on dummy pictures.",
  needs: ["weight", "batchSize", "steps", "dummies"],
  failsWhen: "dummy pictures excite other features than the client's",
  ...shared,
};
