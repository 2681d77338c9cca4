// What an attack asks for: the labels of the batch, as the case assumes them or by a rule on what was observed.
import { z } from "zod";
import { readRows } from "../../data/dataset.js";
import type { Grants, Observation } from "../../threat/observation.js";
import type { AttackContext } from "../define.js";
import type { LabelNeed, RecoveredLabels } from "./define.js";
import { type LabelRuleId, labelRules } from "./index.js";
import { dummyPictures, measureProbe } from "./probe.js";
import { chosenRule, recoverLabels } from "./recover.js";

/** Spread into the options of every attack that recovers labels. */
export const labelOptions = {
  labelRule: z
    .enum(["auto", ...(Object.keys(labelRules) as LabelRuleId[])])
    .default("auto")
    .describe(
      "how labels are read off the update where they are not known; `auto` takes the best that applies (docs/labels.md)",
    ),
};
export type LabelOptions = { readonly labelRule: "auto" | LabelRuleId };

/** What an observation may hold of use to label rules. */
type Seen = Pick<Grants, "updates"> &
  Partial<Pick<Grants, "basicKnowledge" | "trainingDetails" | "surrogateData">> &
  Pick<Observation<"updates">, "labels">;

const PROBED = { dummies: 64, surrogate: 256 };

/**
 * Labels of the batch behind round number `index`. One image is assumed where nothing is known of the batch size; a FedAvg client's batch are all of
 * its samples. Rejects with RangeError where the rule needs what the observation does not hold.
 */
export async function batchLabels(
  { updates, basicKnowledge, trainingDetails: training, surrogateData, labels }: Seen,
  { labelRule }: LabelOptions,
  { backend, random }: Pick<AttackContext, "backend" | "random">,
  index = 0,
): Promise<RecoveredLabels> {
  if (labels) return { values: labels, method: "known" };
  const round = updates.rounds[index]!;
  const local = training?.algorithm === "FedAvg";
  const batchSize = local ? training.sampleCount : (basicKnowledge?.batchSize ?? 1);
  const id = chosenRule(labelRule, batchSize, round.payload.model.head.bias !== undefined, surrogateData !== undefined);
  const needs: readonly LabelNeed[] = labelRules[id].needs;
  const options = { rule: id, ...(training ? { training } : {}) };
  const wanted = ["surrogate", "dummies", "pictures"].find((need) => needs.includes(need as LabelNeed));
  if (wanted === undefined) return recoverLabels(round, batchSize, options);
  if (wanted === "surrogate" && !surrogateData) {
    throw new RangeError(
      `labelRule ${id} needs labelled surrogate pictures, which this attack is not given; take llg-star or geng-counts`,
    );
  }
  const atOnce = training?.batchSize ?? batchSize;
  const shown = wanted === "dummies" ? undefined : surrogateData;
  const rows = Array.from({ length: Math.min(PROBED.surrogate, shown?.labels.length ?? 0) }, (_, row) => row);
  const probe = await measureProbe(
    shown ? "surrogate" : "dummies",
    shown ? readRows(shown, rows) : dummyPictures(round, atOnce, PROBED.dummies, random.split("label dummies")),
    { backend, round, atOnce, moved: local, ...(training ? { mode: training.mode } : {}) },
  );
  return recoverLabels(round, batchSize, { ...options, probe });
}
