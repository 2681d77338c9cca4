// `leakscope reproduce`: runs the proofs that attacks bring along and compares with their bars.
import { cpus } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import type { Attack } from "../attacks/define.js";
import type { CaseResult } from "../audit/case.js";
import { type Catalogue, loadCatalogue } from "../audit/catalogue.js";
import { BACKEND, type Outcome } from "../audit/cell.js";
import type { PlannedJob } from "../audit/interfaces.js";
import { suggestion } from "../audit/nearest.js";
import {
  type AnyProof,
  dataOf,
  describeBar,
  holds,
  measureBar,
  type ProofCase,
  proofCases,
  quickProofs,
} from "../audit/proof.js";
import { runCases } from "../audit/run.js";
import { createWorkerPool } from "../jobs/worker-pool.js";
import { openRunFolder } from "../store/run-folder.js";
import { type Evidence, writeEvidence } from "./evidence.js";
import { type ExitCode, exitCodes, UsageError } from "./exit.js";
import { catchInterrupt } from "./interrupt.js";
import { canRedraw, createLive } from "./live.js";
import { sourceWithOptions, wholeNumber } from "./options.js";
import { duration, figure, table } from "./table.js";
import { describeTool } from "./tool.js";

interface ReproduceOptions {
  readonly all?: true;
  readonly data?: string;
  readonly seeds?: number;
  readonly workers?: number;
  readonly evidence?: string;
  readonly json?: true;
  readonly color: boolean;
}

/** Where finished cases are kept, so that a second run is quick. */
const FOLDER = "leakscope-proofs";

const examples = `
Examples:
  leakscope reproduce                          the quick proofs of all attacks
  leakscope reproduce grnn                     those of one attack
  leakscope reproduce grnn --all               all of its proofs
  leakscope reproduce dlg --all --data cifar10:data_batch_1.bin
  leakscope reproduce --all --evidence docs/evidence.json

Finished cases are kept in ${FOLDER}/ and not computed again by the same build.
Exit codes: 0 every bar holds (or is known to fail, and says so), 1 the tool failed, 100 a bar is missed, 130 interrupted.`;

/** The verb. `exit` is told how the process should end. */
export function reproduceCommand(exit: (code: ExitCode) => void): Command {
  return new Command("reproduce")
    .description("run the proofs of attacks: cases with bars that show each is the method it is called")
    .argument("[attack...]", "see `leakscope list attacks` (default: all)")
    .option("--all", "all proofs, not only the quick ones; minutes to hours")
    .option("--data <source>", "other pictures, as in cifar10:PATH (default: the proof's own)")
    .option("--seeds <n>", "as many seeds, instead of the proof's number", wholeNumber(1))
    .option("--workers <n>", "cases side by side (default: one per core)", wholeNumber(1))
    .option("--evidence <file>", "keep the figures in this .json file, and a table beside it as .md")
    .option("--json", "print the figures as JSON")
    .option("--no-color", "plain text; also no live grid")
    .addHelpText("after", examples)
    .action(async (ids: readonly string[], options: ReproduceOptions) => exit(await reproduce(ids, options)));
}

async function reproduce(ids: readonly string[], options: ReproduceOptions): Promise<ExitCode> {
  const catalogue = await loadCatalogue();
  const attacks = ids.length === 0 ? [...catalogue.attacks.values()] : ids.map((id) => found(id, catalogue));
  const proofs = attacks.flatMap((attack) =>
    (options.all ? attack.proofs : quickProofs(attack)).map((proof) => ({ attack, proof })),
  );
  if (proofs.length === 0) {
    throw new UsageError(`${ids.join(", ")}: no proof is a quick one; \`--all\` runs ${attacks[0]!.proofs.length}`);
  }
  const { code } = await describeTool();
  const settings = {
    ...{ backend: BACKEND, code },
    ...(options.data === undefined ? {} : { data: sourceWithOptions(options.data) }),
    ...(options.seeds === undefined ? {} : { seeds: options.seeds }),
  };
  const planned = proofs.map(({ attack, proof }) => ({
    ...{ attack, proof, data: dataOf(proof, settings) },
    cases: proofCases(attack, proof, catalogue, settings),
  }));
  const outcomes = await run(
    planned.flatMap(({ cases }) => cases),
    options,
  );
  const rows = planned.flatMap((each) => judge(each, outcomes, catalogue));
  if (options.evidence !== undefined) await writeEvidence(options.evidence, rows);
  process.stdout.write(options.json ? `${JSON.stringify(rows, null, 1)}\n` : `${report(rows)}\n`);
  return rows.some(({ verdict }) => verdict === "missed") ? exitCodes.assertion : exitCodes.good;
}

function found(id: string, { attacks }: Catalogue): Attack {
  const attack = attacks.get(id);
  if (!attack) throw new UsageError(`unknown attack "${id}"; ${suggestion(id, [...attacks.keys()])}`);
  return attack;
}

async function run(
  cases: readonly ProofCase[],
  { workers, color }: ReproduceOptions,
): Promise<ReadonlyMap<string, Outcome>> {
  const store = await openRunFolder(join(FOLDER, "cases"));
  const pool = createWorkerPool(workers === undefined ? {} : { size: workers });
  const live = createLive({ stream: process.stderr, workers: pool.size, grid: color && canRedraw(process.stderr) });
  const interrupt = catchInterrupt(() => live.say("Stopping; finished cases are kept. Ctrl-C again ends at once."));
  const unique = [...new Map(cases.map((each) => [each.case.key, each])).values()];
  const jobs = unique.map(
    ({ arm, seed, case: { key, spec } }): PlannedJob => ({
      ...{ key, kind: "cell", attack: spec.attack.id, threats: [spec.threat] },
      defense: `${arm}, seed ${seed}`,
    }),
  );
  const outcomes = new Map<string, Outcome>();
  live.onEvent({ type: "planned", jobs, cells: jobs.length, notApplicable: 0 });
  try {
    const tools = { store, pool, signal: interrupt.signal, onEvent: live.onEvent };
    await runCases(
      unique.map((each) => each.case),
      outcomes,
      tools,
    );
    interrupt.signal.throwIfAborted();
    return outcomes;
  } finally {
    live.stop();
    await pool.close();
    interrupt.release();
  }
}

interface Planned {
  readonly attack: Attack;
  readonly proof: AnyProof;
  readonly data: { readonly source: string };
  readonly cases: readonly ProofCase[];
}

/** One row per bar. Throws what a case threw: a proof that cannot run is no proof. */
function judge(
  { attack, proof, data, cases }: Planned,
  outcomes: ReadonlyMap<string, Outcome>,
  catalogue: Catalogue,
): Evidence[] {
  const results = new Map<string, CaseResult[]>();
  for (const {
    arm,
    seed,
    case: { key },
  } of cases) {
    const result = outcomes.get(key)!.result;
    if (result instanceof Error) {
      throw new Error(`${attack.id}/${proof.id}, arm ${arm}, seed ${seed}: ${result.message}`, { cause: result });
    }
    results.set(arm, [...(results.get(arm) ?? []), result]);
  }
  const seconds = [...results.values()].flat().reduce((sum, result) => sum + result.seconds, 0);
  return proof.bars.map((bar) => {
    const measured = measureBar(bar, results, catalogue);
    const held = holds(bar, measured);
    return {
      ...{ attack: attack.id, proof: proof.id, bar: describeBar(bar), evidence: bar.evidence, data: data.source },
      measured: Number(measured.toPrecision(4)),
      verdict: held ? (bar.fails ? "held, though known to fail" : "held") : bar.fails ? "known failure" : "missed",
      ...(bar.fails && !held ? { why: bar.fails.why } : {}),
      seeds: new Set(cases.map(({ seed }) => seed)).size,
      seconds: Math.round(seconds),
      date: new Date().toISOString().slice(0, 10),
      device: cpus()[0]?.model.trim() ?? "unknown",
    };
  });
}

function report(rows: readonly Evidence[]): string {
  const lines = rows.map(({ attack, proof, bar, measured, evidence, verdict, seeds, seconds, data }) => [
    ...[attack, proof, bar, figure(measured), `[${evidence}]`, verdict.toUpperCase() === "MISSED" ? "MISSED" : verdict],
    ...[`${seeds} seeds`, duration(seconds), data],
  ]);
  const known = rows.flatMap(({ attack, proof, why }) => (why === undefined ? [] : [`${attack}/${proof}: ${why}`]));
  return [table([["attack", "proof", "bar", "measured", "bar from", "", "", "", "data"], ...lines]), ...known].join(
    "\n",
  );
}
