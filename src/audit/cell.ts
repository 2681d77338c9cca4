// One cell as it stands in audit.json: what its case measured, judged with both controls beside it.
import type { CellJson, ControlJson } from "./audit-json.js";
import type { CaseResult } from "./case.js";
import { RECOVERED_DB } from "./collect.js";
import type { Config } from "./config.js";
import { attackKey, type Plan, type PlannedCell } from "./plan.js";
import { type TrainingOutcomes, utilityOf } from "./utility.js";
import { controlOf, judgeCell } from "./verdict.js";

/** What came of a case: its result, or why it failed, and whether it was known already. */
export interface Outcome {
  readonly result: CaseResult | Error;
  readonly cached: boolean;
}

/** The result of a cell that is an easiest case by itself and leaked; null otherwise. */
export function ownCell(
  { case: planned, defense }: PlannedCell,
  outcomes: ReadonlyMap<string, Outcome>,
): CaseResult | null {
  if (!planned || defense || planned.spec.federation.batchSize !== 1) return null;
  const result = outcomes.get(planned.key)?.result;
  return result && !(result instanceof Error) && result.images.some(({ leaked }) => leaked) ? result : null;
}

export function describeCell(
  cell: PlannedCell,
  plan: Plan,
  outcomes: ReadonlyMap<string, Outcome>,
  trained: TrainingOutcomes,
  config: Config,
): CellJson {
  const { attack, defense, threat } = cell;
  const control = positiveControl(cell, plan, outcomes);
  const ownControl = ownModelControl(cell, plan, outcomes);
  const outcome = cell.case ? outcomes.get(cell.case.key) : undefined;
  const result = outcome && !(outcome.result instanceof Error) ? outcome.result : null;
  const verdict = (() => {
    if (cell.reason) return { status: "not-applicable", reason: cell.reason } as const;
    if (!outcome)
      return {
        status: "unknown",
        unfinished: true,
        reason:
          "it had not finished when this was written; where the audit no longer runs, `leakscope audit --resume` goes on",
      } as const;
    if (outcome.result instanceof Error) return { status: "error", reason: outcome.result.message } as const;
    return judgeCell(outcome.result, defense?.id ?? null, control, ownControl);
  })();
  return {
    key: cell.case?.key ?? [threat, attack.id, defense?.id ?? "none", ...(cell.adaptive ? ["adaptive"] : [])].join("-"),
    case: { seed: config.seed },
    threat,
    attack: attack.id,
    defense: defense?.id ?? "none",
    attackTitle: attack.title,
    defenseTitle: defense?.title ?? "No defense",
    adaptive: cell.adaptive,
    ...verdict,
    scores: { ...result?.scores },
    floor: { ...result?.floor },
    control,
    ownControl,
    ...(result?.labels ? { labels: result.labels } : {}),
    ...(result?.privacy ? { privacy: result.privacy } : {}),
    ...(result ? utilityOf(cell, result.receipt, trained) : {}),
    ...(result?.detection ? { detection: result.detection } : {}),
    budget: {
      seconds: result?.seconds ?? 0,
      iterations: result?.iterations ?? 0,
      exhausted: result?.exhausted ?? false,
    },
    recipe: {
      attackOptions: { ...cell.attackOptions },
      defenseOptions: { ...cell.defenseOptions },
      ...(cell.setting ? { setting: { ...cell.setting } } : {}),
      labels: cell.own.labels,
      backend: plan.backend,
      handed: [...(result?.handed ?? [])],
      galleryClasses: result?.galleryClasses ?? 0,
      gallerySize: result?.gallerySize ?? 0,
    },
    curve: [...(result?.curve ?? [])],
    ...(result?.otherCurves?.length ? { otherCurves: result.otherCurves.map((curve) => [...curve]) } : {}),
    ...(result?.frames ? { frames: [...result.frames] } : {}),
    notes: [...(result?.privacy ? [result.privacy.text] : []), ...(result?.notes ?? [])],
    images: [...(result?.images ?? [])],
  };
}

function positiveControl({ attack }: PlannedCell, plan: Plan, outcomes: ReadonlyMap<string, Outcome>): ControlJson {
  const { model, batchSize, bar } = attack.control;
  const outcome = outcomes.get(plan.controls.get(attack.id)?.key ?? "");
  const what = `${attack.id} on ${model}, drawn portraits, batch ${batchSize}, no defense`;
  return controlOf(
    outcome?.result,
    outcome?.cached ?? false,
    what,
    bar,
    ({ scores }) => (scores.psnr?.best ?? 0) >= bar,
  );
}

function ownModelControl(cell: PlannedCell, plan: Plan, outcomes: ReadonlyMap<string, Outcome>): ControlJson {
  const key = attackKey(cell);
  const passes = ({ images }: CaseResult) => images.some(({ leaked }) => leaked);
  const won = plan.cells.find((other) => attackKey(other) === key && ownCell(other, outcomes));
  if (won) {
    const what = `${cell.attack.id} on this model, batch 1, no defense: the undefended cell itself`;
    return controlOf(ownCell(won, outcomes)!, false, what, RECOVERED_DB, passes);
  }
  const outcome = outcomes.get(plan.ownControls.get(key)?.key ?? "");
  const what = `${cell.attack.id} on this model, batch 1, no defense, labels known`;
  return controlOf(outcome?.result, outcome?.cached ?? false, what, RECOVERED_DB, passes);
}
