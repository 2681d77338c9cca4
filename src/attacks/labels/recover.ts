// The default choice of a label rule: the sign rule for one image, restoration by counts for a batch.
import type { ObservedRound } from "../../threat/observation.js";
import type { RecoveredLabels } from "./define.js";
import { idlgLabels } from "./idlg.js";
import { ilrgLabels } from "./ilrg.js";

export function recoverLabels(round: ObservedRound, batchSize: number): RecoveredLabels {
  return batchSize === 1 ? idlgLabels(round, batchSize) : ilrgLabels(round, batchSize);
}
