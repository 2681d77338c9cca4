// From the results of a proof's cases to one judgement per bar, and what they mean for the exit code and for programs (DESIGN.md section 8).
import type { Attack, Bar } from "../attacks/define.js";
import type { CaseResult } from "../audit/case.js";
import type { Catalogue } from "../audit/catalogue.js";
import type { Outcome } from "../audit/cell.js";
import {
  type AnyProof,
  describeBar,
  holds,
  measureBar,
  measureFloor,
  measureSeeds,
  missingFigures,
  type ProofCase,
} from "../audit/proof.js";
import { type ExitCode, exitCodes } from "./exit.js";

/** A proof with the cases that it became. */
export interface PlannedProof {
  readonly attack: Attack;
  readonly proof: AnyProof;
  /** What was attacked, in words. */
  readonly data: string;
  readonly cases: readonly ProofCase[];
}

export type Verdict = "held" | "held, though known to fail" | "known failure" | "missed" | "unknown" | "error";

export interface Judgement {
  readonly attack: Attack;
  readonly proof: AnyProof;
  readonly bar: Bar;
  readonly data: string;
  /** Over all seeds and images; null where the verdict is `unknown` or `error`. */
  readonly measured: number | null;
  readonly perSeed: readonly number[];
  /** The same of guesses made without any update; null where that says nothing. */
  readonly floor: number | null;
  /** Images without a figure: they count as given nothing away. */
  readonly missing: number;
  readonly verdict: Verdict;
  /** Why it is no `held`, where that is known. */
  readonly why?: string;
  readonly seeds: number;
  /** Of all cases of the proof together. */
  readonly seconds: number;
}

/** One judgement per bar. A case that failed or ran out of time leaves its proof undecided, the others stand. */
export function judge(
  { attack, proof, data, cases }: PlannedProof,
  outcomes: ReadonlyMap<string, Outcome>,
  catalogue: Catalogue,
): Judgement[] {
  const results = new Map<string, CaseResult[]>();
  const problems: { verdict: "unknown" | "error"; why: string }[] = [];
  for (const { arm, seed, case: planned } of cases) {
    const { result } = outcomes.get(planned.key)!;
    const where = `arm ${arm}, seed ${seed}`;
    if (result instanceof Error) {
      problems.push({ verdict: "error", why: `${where}: ${result.message}` });
      continue;
    }
    if (result.exhausted) {
      const ended =
        result.seconds < planned.spec.budgetSeconds
          ? "a limit among its options"
          : `its ${planned.spec.budgetSeconds} seconds`;
      const notes = result.notes.length > 0 ? ` (${result.notes.at(-1)})` : "";
      problems.push({ verdict: "unknown", why: `${where}: ran out of ${ended}${notes}` });
    }
    results.set(arm, [...(results.get(arm) ?? []), result]);
  }
  const seconds = [...results.values()].flat().reduce((sum, result) => sum + result.seconds, 0);
  const seeds = new Set(cases.map(({ seed }) => seed)).size;
  const problem = problems.find(({ verdict }) => verdict === "error") ?? problems[0];
  return proof.bars.map((bar) => ({
    ...{ attack, proof, bar, data, seeds, seconds },
    ...(problem
      ? { measured: null, perSeed: [], floor: null, missing: 0, ...problem }
      : decide(bar, results, catalogue)),
  }));
}

function decide(bar: Bar, results: ReadonlyMap<string, readonly CaseResult[]>, catalogue: Catalogue) {
  const measured = measureBar(bar, results, catalogue);
  const held = holds(bar, measured);
  const known = bar.fails ? "known failure" : "missed";
  const verdict: Verdict = held ? (bar.fails ? "held, though known to fail" : "held") : known;
  return {
    measured,
    perSeed: measureSeeds(bar, results, catalogue),
    floor: measureFloor(bar, results, catalogue),
    missing: missingFigures(bar, results),
    verdict,
    ...(bar.fails && !held ? { why: bar.fails.why } : {}),
  };
}

/** An error weighs more than a missed bar, that more than one that nobody could decide. */
export function exitCodeOf(judgements: readonly Pick<Judgement, "verdict">[]): ExitCode {
  const verdicts = new Set(judgements.map(({ verdict }) => verdict));
  if (verdicts.has("error")) return exitCodes.failed;
  if (verdicts.has("missed")) return exitCodes.assertion;
  return verdicts.has("unknown") ? exitCodes.unknown : exitCodes.good;
}

/** Figures for programs: an object for each attack. `held` is null where it could not be decided. */
export function judgementsAsJson(judgements: readonly Judgement[]): object[] {
  const attacks = [...new Set(judgements.map(({ attack }) => attack))];
  return attacks.map(({ id }) => {
    const own = judgements.filter(({ attack }) => attack.id === id);
    return { id, evidence: [...new Set(own.map(({ bar }) => bar.evidence))].join(", "), cases: own.map(caseAsJson) };
  });
}

function caseAsJson({ proof, bar, measured, perSeed, verdict, attack: _, ...rest }: Judgement) {
  const { arm, minus, metric, over, op, value, evidence } = bar;
  return {
    name: `${proof.id}: ${describeBar(bar)}`,
    ...{ proof: proof.id, labels: proof.setting.labels, arm, minus, metric, over, bar: { op, value }, evidence },
    measured: perSeed,
    overall: measured,
    held: measured === null ? null : holds(bar, measured),
    verdict,
    ...rest,
  };
}
