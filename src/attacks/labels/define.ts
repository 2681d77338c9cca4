// Label recovery as a stage of its own (spec/attacks-optimization.md 1.9): from an update to the multiset of labels in the batch.
import type { FloatArray } from "../../math/tensor.js";
import type { ObservedRound } from "../../threat/observation.js";

export interface RecoveredLabels {
  /** One label per image; the order carries no meaning. */
  readonly values: readonly number[];
  /** Id of the rule that ran, e.g. `labels/idlg`. */
  readonly method: string;
  /** Why the result may be wrong, when the rule's precondition is not met. */
  readonly warning?: string;
}

export type LabelRule = (round: ObservedRound, batchSize: number) => RecoveredLabels;

export interface HeadGradient {
  /** ∂L/∂W of the last fully connected layer, rows by class. */
  readonly weight: FloatArray;
  /** ∂L/∂b, one entry per class. */
  readonly bias: FloatArray;
  readonly classes: number;
  readonly features: number;
}

/** The last layer's part of an observed update. Throws RangeError where the layer has no bias or the update lacks it. */
export function headGradient({ payload: { model }, view }: ObservedRound): HeadGradient {
  if (model.head.bias === undefined) {
    throw new RangeError(`labels cannot be recovered from ${model.id}: its last layer has no bias; set labels: known`);
  }
  const weight = view.update.get(model.head.weight);
  const bias = view.update.get(model.head.bias);
  if (!weight || !bias)
    throw new RangeError(`the update lacks the last layer's ${model.head.weight} or ${model.head.bias}`);
  return { weight: weight.data, bias: bias.data, classes: model.classes, features: weight.data.length / model.classes };
}
