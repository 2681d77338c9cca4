// The choice of a label rule, and its result as one label per image.
import type { ObservedRound, TrainingDetails } from "../../threat/observation.js";
import type { LabelEvidence, Probe, RecoveredLabels } from "./define.js";
import { readHead } from "./head.js";
import { type LabelRuleId, labelRules } from "./index.js";

export type LabelRuleChoice = "auto" | LabelRuleId;

export interface RecoverOptions {
  /**
   * Default `auto`: `idlg` for one image; for a batch `ilrg` where the last layer has a bias, else `geng-counts` where the probe shows surrogate
   * pictures, else `e2egi` (docs/labels.md has the measurements).
   */
  readonly rule?: LabelRuleChoice;
  /** Without it the update is taken for a gradient (FedSGD). */
  readonly training?: TrainingDetails;
  /** What rules read that look at other pictures (probe.ts). */
  readonly probe?: Probe;
}

/** What `auto` stands for. */
export function chosenRule(choice: LabelRuleChoice, batchSize: number, bias: boolean, surrogate: boolean): LabelRuleId {
  if (choice !== "auto") return choice;
  if (batchSize === 1) return "idlg";
  if (bias) return "ilrg";
  return surrogate ? "geng-counts" : "e2egi";
}

/**
 * Labels of the `batchSize` images behind a round, and which rule they come from. Throws RangeError where the update lacks the last layer, or
 * the rule needs a bias or a probe that is not there.
 */
export function recoverLabels(
  round: ObservedRound,
  batchSize: number,
  { rule: choice = "auto", training, probe }: RecoverOptions = {},
): RecoveredLabels {
  const head = readHead(round, training);
  const steps = training?.algorithm === "FedAvg" ? training.steps : 1;
  const evidence: LabelEvidence = { round, head, batchSize, steps, ...(probe ? { probe } : {}) };
  const id = chosenRule(choice, batchSize, head.bias !== null, probe?.source === "surrogate");
  const rule = labelRules[id];
  const method = `labels/${id}`;
  const reason = rule.precondition(evidence);
  const named = rule.recover(evidence);
  const missing = batchSize - named.length;
  const reasons = [
    ...(reason === null ? [] : [reason]),
    ...(missing === 0 ? [] : [`${method} names ${named.length} labels; the other ${missing} repeat them in turn`]),
  ];
  return {
    values: filled(named, batchSize).sort((a, b) => a - b),
    method,
    ...(reasons.length === 0 ? {} : { warning: reasons.join("; ") }),
  };
}

/** `named` over and over until there are `count`; class 0 where nothing is named. */
const filled = (named: readonly number[], count: number): number[] =>
  Array.from({ length: count }, (_, i) => named[i % named.length] ?? 0);
