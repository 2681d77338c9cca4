// `leakscope reproduce`: runs the proofs that attacks bring along and compares with their bars.
import { join } from "node:path";
import { Command } from "commander";
import type { Attack } from "../attacks/define.js";
import { type Catalogue, loadCatalogue } from "../audit/catalogue.js";
import type { Outcome } from "../audit/cell.js";
import type { PlannedJob } from "../audit/interfaces.js";
import { suggestion } from "../audit/nearest.js";
import { type AnyProof, dataOf, describeBar, type ProofCase, proofCases, quickProofs } from "../audit/proof.js";
import { runCases } from "../audit/run-jobs.js";
import type { Device } from "../engine/backends/device-names.js";
import { backendOf } from "../engine/backends/node-devices.js";
import { createWorkerPool } from "../jobs/worker-pool.js";
import { openRunFolder } from "../store/run-folder.js";
import { type DeviceOptions, deviceOption, findDevice, workersOn } from "./device.js";
import { checkEvidence, writeEvidence } from "./evidence.js";
import { type ExitCode, UsageError } from "./exit.js";
import { catchInterrupt } from "./interrupt.js";
import { exitCodeOf, type Judgement, judge, judgementsAsJson } from "./judge.js";
import { canRedraw, createLive } from "./live.js";
import { sourceWithOptions, wholeNumber } from "./options.js";
import { duration, figure, table } from "./table.js";
import { describeTool } from "./tool.js";

interface ReproduceOptions extends DeviceOptions {
  readonly all?: true;
  readonly data?: string;
  readonly seeds?: number;
  readonly workers?: number;
  readonly evidence?: string;
  readonly json?: true;
  readonly color: boolean;
}

/** Where finished cases are kept, so that a second run is quick. */
export const PROOFS_FOLDER = "leakscope-proofs";

const examples = `
Examples:
  leakscope reproduce                          the quick proofs of all attacks
  leakscope reproduce grnn                     those of one attack
  leakscope reproduce grnn --all               all of its proofs
  leakscope reproduce dlg --all --data cifar10:data_batch_1.bin
  leakscope reproduce --all --evidence docs/evidence.json

Finished cases are kept in ${PROOFS_FOLDER}/ and not computed again by the same build.
Exit codes: 0 every bar holds (or is known to fail, and says so), 1 a case failed, 2 one ran out of time,
100 a bar is missed, 130 interrupted.`;

/** The verb. `exit` is told how the process should end. */
export function reproduceCommand(exit: (code: ExitCode) => void): Command {
  return new Command("reproduce")
    .description("run the proofs of attacks: cases with bars that show each is the method it is called")
    .argument("[attack...]", "see `leakscope list attacks` (default: all)")
    .option("--all", "all proofs, not only the quick ones; minutes to hours")
    .option("--data <source>", "other pictures, as in cifar10:PATH (default: the proof's own)")
    .option("--seeds <n>", "as many seeds, instead of the proof's number", wholeNumber(1))
    .option("--workers <n>", "cases side by side (default: one per core)", wholeNumber(1))
    .addOption(deviceOption())
    .option("--evidence <file>", "keep the figures in this .json file, and a table beside it (docs/EVIDENCE.md)")
    .option("--json", "print the figures as JSON: an object for one attack, else a list of them")
    .option("--no-color", "plain text; also no live grid")
    .addHelpText("after", examples)
    .action(async (ids: readonly string[], options: ReproduceOptions) => exit(await reproduce(ids, options)));
}

async function reproduce(ids: readonly string[], options: ReproduceOptions): Promise<ExitCode> {
  const catalogue = await loadCatalogue();
  const named = [...new Set(ids)].map((id) => found(id, catalogue));
  const proofsOf = (attack: Attack): readonly AnyProof[] => (options.all ? attack.proofs : quickProofs(attack));
  const slow = named.find((attack) => proofsOf(attack).length === 0);
  if (slow) throw new UsageError(`${slow.id}: no proof is a quick one; \`--all\` runs ${slow.proofs.length}`);
  if (options.evidence !== undefined) await checkEvidence(options.evidence);
  const device = await findDevice(options.device);
  const { code } = await describeTool();
  const settings = {
    ...{ backend: backendOf(device).name, code },
    ...(options.data === undefined ? {} : { data: sourceWithOptions(options.data) }),
    ...(options.seeds === undefined ? {} : { seeds: options.seeds }),
  };
  const attacks = named.length === 0 ? [...catalogue.attacks.values()] : named;
  const planned = await Promise.all(
    attacks.flatMap((attack) =>
      proofsOf(attack).map(async (proof) => ({
        ...{ attack, proof, data: describeData(dataOf(proof, settings)) },
        cases: await proofCases(attack, proof, catalogue, settings),
      })),
    ),
  );
  const outcomes = await run(
    planned.flatMap(({ cases }) => cases),
    device,
    options,
  );
  const judgements = planned.flatMap((each) => judge(each, outcomes, catalogue));
  if (options.evidence !== undefined) await writeEvidence(options.evidence, judgements, catalogue);
  const json = judgementsAsJson(judgements);
  process.stdout.write(
    options.json ? `${JSON.stringify(named.length === 1 ? json[0] : json, null, 1)}\n` : `${report(judgements)}\n`,
  );
  return exitCodeOf(judgements);
}

function found(id: string, { attacks }: Catalogue): Attack {
  const attack = attacks.get(id);
  if (!attack) throw new UsageError(`unknown attack "${id}"; ${suggestion(id, [...attacks.keys()])}`);
  return attack;
}

async function run(
  cases: readonly ProofCase[],
  device: Device,
  { workers, color }: ReproduceOptions,
): Promise<ReadonlyMap<string, Outcome>> {
  const store = await openRunFolder(join(PROOFS_FOLDER, "cases"));
  const pool = createWorkerPool(workersOn(device, workers));
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

/** `cifar10`, or `portraits size=16`: a path tells nobody anything. */
const describeData = ({ source, ...options }: ReturnType<typeof dataOf>): string =>
  [source, ...Object.entries(options).flatMap(([name, value]) => (name === "path" ? [] : [`${name}=${value}`]))].join(
    " ",
  );

function report(judgements: readonly Judgement[]): string {
  const rows = judgements.map(({ attack, proof, bar, measured, floor, verdict, seeds, seconds, data }) => [
    ...[attack.id, `${proof.id}${proof.setting.labels === "known" ? " ◦" : ""}`, describeBar(bar)],
    ...[`${figure(measured)}${floor === null ? "" : ` (${figure(floor)})`}`, `[${bar.evidence}]`],
    ...[verdict === "missed" ? "MISSED" : verdict, `${seeds} seeds`, duration(seconds), data],
  ]);
  const notes = judgements.flatMap(({ attack, proof, verdict, why, missing }) => [
    ...(why === undefined ? [] : [`${attack.id}/${proof.id}, ${verdict}: ${why}`]),
    ...(verdict === "held, though known to fail"
      ? [`${attack.id}/${proof.id} holds now: take \`fails\` off the bar`]
      : []),
    ...(missing === 0
      ? []
      : [`${attack.id}/${proof.id}: ${missing} figures are missing; they count as nothing given away`]),
  ]);
  return [
    table([["attack", "proof", "bar", "measured (floor)", "bar from", "", "", "", "data"], ...rows]),
    "",
    "In brackets: the floor, the best guess made without any update.",
    ...(judgements.some(({ proof }) => proof.setting.labels === "known") ? ["◦ labels known to the attacker"] : []),
    ...new Set(notes),
  ].join("\n");
}
