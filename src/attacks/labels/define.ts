// Label recovery as a stage of its own (spec/attacks-optimization.md 1.9): from an update to the multiset of labels in the batch. All rules
// rest on ∂L/∂b_c = (1/K) Σ_i (p_i[c] - 1[y_i = c]) and ∂L/∂W[c] = (1/K) Σ_i (p_i[c] - 1[y_i = c]) h_i.

import type { ObservedRound } from "../../threat/observation.js";
import type { Paper } from "../define.js";
import { biasOf, type HeadGradient, readHead } from "./head.js";

export interface RecoveredLabels {
  /** One label per image; the order carries no meaning. */
  readonly values: readonly number[];
  /** Id of the rule that ran, e.g. `labels/idlg`; `known` where the case assumes known labels. */
  readonly method: string;
  /** Why the result may be wrong, when the rule's precondition is not met. */
  readonly warning?: string;
}

/** What a rule may read besides the broadcast model, as docs/labels.md says it. */
export const labelNeeds = {
  weight: "∂W of the last layer",
  bias: "∂b of the last layer",
  either: "∂b of the last layer, or ∂W where it has none",
  batchSize: "number of images",
  steps: "under FedAvg, learning rate and local steps",
  surrogate: "labelled surrogate pictures",
  dummies: "dummy pictures, which anybody can make up",
  pictures: "surrogate pictures, or dummies where there are none",
} as const;
export type LabelNeed = keyof typeof labelNeeds;

/** What the model makes of a set of pictures. */
export interface Impression {
  /** Softmax, [N, classes]. */
  readonly probabilities: ArrayLike<number>;
  /** Σ_m h_m of what the last layer reads, [N]. */
  readonly featureSums: ArrayLike<number>;
}

/** What the model makes of pictures that the adversary has, whose labels it knows or may choose. */
export interface Probe {
  readonly source: "surrogate" | "dummies";
  /** [N]; of dummies they mean nothing. */
  readonly labels: readonly number[];
  /** At the broadcast weights and, where local steps moved them, at those after the last step. */
  readonly states: readonly [Impression, ...Impression[]];
}

/** What a rule works on. */
export interface LabelEvidence {
  readonly round: ObservedRound;
  /** Gradient of the mean loss; under FedAvg the mean over local steps. */
  readonly head: HeadGradient;
  readonly batchSize: number;
  /** Local steps behind the update; 1 under FedSGD. */
  readonly steps: number;
  readonly probe?: Probe;
}

/** A rule as lists and docs show it. */
export interface LabelRuleInfo {
  /** Without the prefix `labels/`. */
  readonly id: string;
  readonly title: string;
  /** The rule in one sentence. */
  readonly summary: string;
  /** Null for a rule that follows from the derivation above and that nobody claims. */
  readonly source: Pick<Paper, "authors" | "year" | "venue" | "url"> | null;
  readonly needs: readonly LabelNeed[];
  readonly failsWhen: string;
}

export interface LabelRule extends LabelRuleInfo {
  /** The reason why the result may be wrong, as far as the evidence shows one; null where none shows. */
  precondition(evidence: LabelEvidence): string | null;
  /** Labels 0 to classes - 1, `batchSize` of them or fewer, surest first. Throws RangeError where a need is not met. */
  recover(evidence: LabelEvidence): readonly number[];
}

/** The last layer's part of a FedSGD update. Throws RangeError where the layer has no bias or the update lacks it. */
export function headGradient(round: ObservedRound): HeadGradient & { readonly bias: Float64Array } {
  const head = readHead(round);
  return { ...head, bias: biasOf(head) };
}
