// Labels of images that came in several rounds: every round's estimate votes, so that a few wrong rounds change nothing.
import type { Grants, Observation } from "../../../threat/observation.js";
import type { AttackContext } from "../../define.js";
import { batchLabels, type LabelOptions } from "../../labels/batch-labels.js";
import { labelsOf, roundToSum } from "../../labels/counts.js";
import type { RecoveredLabels } from "../../labels/define.js";

/**
 * The counts of every class, mean over the rounds' estimates and rounded to the batch size: for one image, the label that most rounds name.
 * Throws as `batchLabels`.
 */
export async function voteLabels(
  seen: Pick<Grants, "updates" | "basicKnowledge"> & Pick<Observation<"updates">, "labels">,
  options: LabelOptions,
  context: Pick<AttackContext, "backend" | "random">,
): Promise<RecoveredLabels> {
  const { rounds } = seen.updates;
  const estimates: RecoveredLabels[] = [];
  for (const index of seen.labels ? [0] : rounds.keys())
    estimates.push(await batchLabels(seen, options, context, index));
  const [first] = estimates as [RecoveredLabels];
  if (estimates.length === 1) return first;
  const counts = new Float64Array(rounds[0]!.payload.model.classes);
  for (const { values } of estimates) for (const label of values) counts[label]! += 1 / estimates.length;
  const values = labelsOf(roundToSum(counts, first.values.length));
  const agreeing = estimates.filter((estimate) => estimate.values.join() === values.join()).length;
  if (agreeing === estimates.length) return { ...first, values };
  const warning = `labels differ between rounds: ${agreeing} of ${estimates.length} name those that are used`;
  return { ...first, values, warning };
}
