// `leakscope attack`: one attack on one simulated round, in this process; scores beside the floor, pictures into a folder.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Command, Option } from "commander";
import type { CaseResult } from "../audit/case.js";
import { type Catalogue, loadCatalogue } from "../audit/catalogue.js";
import type { Config } from "../audit/config.js";
import { contentOf } from "../audit/content.js";
import { evaluateCase } from "../audit/evaluate.js";
import { suggestion } from "../audit/nearest.js";
import { type PlannedCase, planAudit } from "../audit/plan.js";
import { nodeCpu } from "../engine/backends/node-cpu.js";
import { type ThreatLetter, threatLetters, weakestThreat } from "../threat/capabilities.js";
import { type ConfigSource, checkConfig } from "./config-file.js";
import { type ExitCode, exitCodes, UsageError } from "./exit.js";
import { catchInterrupt } from "./interrupt.js";
import { canRedraw, createLive } from "./live.js";
import { collect, idWithOptions, numberList, pairs, sourceWithOptions, wholeNumber } from "./options.js";
import { duration, figure, table } from "./table.js";
import { describeTool } from "./tool.js";

interface AttackOptions {
  readonly threat?: ThreatLetter;
  readonly model: string;
  readonly data: string;
  readonly records?: number[];
  readonly batchSize: number;
  readonly labels: Config["labels"];
  readonly defense?: string;
  readonly option: readonly string[];
  readonly adaptive?: true;
  readonly seed: number;
  readonly budget?: number;
  readonly output: string;
  readonly json?: true;
  readonly color: boolean;
}

const examples = `
Examples:
  leakscope attack dlg
  leakscope attack inverting-gradients --model convnet --option iterations=1000 --labels known
  leakscope attack dlg --data cifar10:./train.bin --records 0,1,3
  leakscope attack dlg --defense top-k:keep=0.01 --adaptive
  leakscope attack robbing-the-fed --threat G --batch-size 8 -o out`;

/** The verb. `exit` is told how the process should end. */
export function attackCommand(exit: (code: ExitCode) => void): Command {
  return new Command("attack")
    .description("run one attack on one simulated round and show what it brings back")
    .argument("<id>", "see `leakscope list attacks`")
    .addOption(
      new Option("--threat <letter>", "threat model (default: the weakest that can carry the attack)").choices(
        threatLetters,
      ),
    )
    .option("--model <name>", "see `leakscope list models`", "lenet")
    .option("--data <source>", "source, source:path or source:key=value,… (see `leakscope list data`)", "portraits")
    .option("--records <list>", "records of the data set, such as 0,1 (default: one batch from the start)", numberList)
    .option("--batch-size <n>", "images per batch", wholeNumber(1), 1)
    .addOption(
      new Option("--labels <how>", "what the attacker knows of the labels")
        .choices(["recovered", "known"])
        .default("recovered"),
    )
    .option("--defense <id>", "id or id:key=value,… (see `leakscope list defenses`)")
    .option("--adaptive", "the attacker knows the defense and its options")
    .option("--option <key=value>", "option of the attack (repeatable; see `leakscope explain <id>`)", collect, [])
    .option("--seed <n>", "seed of all random choices", wholeNumber(0), 1)
    .option("--budget <seconds>", "end the attack after this time", wholeNumber(1))
    .option("-o, --output <folder>", "where pictures and result.json go", "leakscope-attack")
    .option("--json", "print the result as JSON")
    .option("--no-color", "plain text")
    .addHelpText("after", examples)
    .action(async (id: string, options: AttackOptions) => exit(await attack(id, options)));
}

async function attack(id: string, options: AttackOptions): Promise<ExitCode> {
  const catalogue = await loadCatalogue();
  const planned = await planOne(id, options, catalogue, (await describeTool()).code);
  const result = await runOne(planned, options);
  await writeFiles(options.output, planned, result);
  const json = { threat: planned.threat, key: planned.case.key, spec: planned.case.spec, result };
  process.stdout.write(
    options.json ? `${JSON.stringify(json, null, 2)}\n` : `${describeResult(planned, options, result)}\n`,
  );
  return exitCodes.good;
}

interface PlannedAttack {
  readonly id: string;
  readonly threat: ThreatLetter;
  readonly case: PlannedCase;
}

/** Which option of the command line a field of the configuration came from. */
const flags: Readonly<Record<string, string>> = {
  model: "--model",
  data: "--data",
  federation: "--batch-size",
  attacks: "--option",
  defenses: "--defense",
};

async function planOne(id: string, options: AttackOptions, catalogue: Catalogue, code: string): Promise<PlannedAttack> {
  const attack = catalogue.attacks.get(id);
  if (!attack) throw new UsageError(`unknown attack "${id}"; ${suggestion(id, [...catalogue.attacks.keys()])}`);
  const threat = options.threat ?? weakestThreat(attack.needs) ?? "H";
  const value = {
    model: { name: options.model },
    data: { ...sourceWithOptions(options.data), records: options.records ?? options.batchSize },
    federation: { batchSize: options.batchSize },
    threats: [threat],
    attacks: [{ ...pairs(options.option), id }],
    defenses: [options.defense === undefined ? "none" : idWithOptions(options.defense)],
    labels: options.labels,
    seed: options.seed,
    ...(options.budget === undefined ? {} : { budget: { seconds: options.budget } }),
  };
  const source: ConfigSource = { value, place: ([field]) => flags[String(field)] ?? `attack ${id}` };
  const config = checkConfig(source, catalogue);
  const content = await contentOf(config);
  const plan = planAudit(config, catalogue, { originals: "show", backend: "node-cpu", code, content });
  const cell = plan.cells.find(({ adaptive }) => adaptive === (options.adaptive ?? false));
  if (!cell) {
    const known = attack.adaptsTo?.join(", ") || "none";
    throw new UsageError(`--adaptive needs a --defense that attack ${id} can imitate (${known})`);
  }
  if (!cell.case) throw new UsageError(cell.reason ?? `attack ${id} cannot run here`);
  return { id, threat, case: cell.case };
}

async function runOne(
  { id, threat, case: { key, spec } }: PlannedAttack,
  { color }: AttackOptions,
): Promise<CaseResult> {
  const live = createLive({ stream: process.stderr, workers: 1, grid: color && canRedraw(process.stderr) });
  const interrupt = catchInterrupt(() => live.say("Stopping. Ctrl-C again ends at once."));
  const defense = spec.defense?.id ?? "none";
  live.onEvent({
    type: "planned",
    jobs: [{ key, kind: "cell", attack: id, defense, threats: [threat] }],
    cells: 1,
    notApplicable: 0,
  });
  live.onEvent({ type: "started", key });
  try {
    const result = await evaluateCase(spec, {
      backend: nodeCpu(),
      signal: interrupt.signal,
      onProgress: (progress) => live.onEvent({ type: "progress", key, progress }),
    });
    const outcome = result.images.some(({ leaked }) => leaked) ? "leak" : "no leak";
    live.onEvent({ type: "finished", key, seconds: result.seconds, cached: false, outcome });
    return result;
  } catch (error) {
    throw interrupt.signal.aborted ? interrupt.signal.reason : error;
  } finally {
    live.stop();
    interrupt.release();
  }
}

async function writeFiles(folder: string, { case: { key, spec } }: PlannedAttack, result: CaseResult): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "result.json"), `${JSON.stringify({ key, spec, result }, null, 1)}\n`);
  for (const [index, { original, reconstruction }] of result.images.entries()) {
    for (const [name, uri] of Object.entries({ truth: original, reconstruction })) {
      if (uri === null) continue;
      await writeFile(join(folder, `${name}-${index}.png`), Buffer.from(uri.slice(uri.indexOf(",") + 1), "base64"));
    }
  }
}

function describeResult(
  { id, threat, case: { spec } }: PlannedAttack,
  { output }: AttackOptions,
  result: CaseResult,
): string {
  const metrics = Object.keys(result.scores);
  const rows = result.images.map(({ record, label, leaked }, i) => [
    String(record),
    label,
    ...metrics.map(
      (name) => `${figure(result.scores[name]!.perImage[i])} (${figure(result.floor[name]?.perImage[i])})`,
    ),
    leaked ? "leaked" : "no leak",
  ]);
  const known = spec.labels === "known" ? " ◦ labels known to the attacker" : "";
  const accuracy = result.labels?.accuracy;
  const labels = result.labels
    ? [`Labels: ${result.labels.method}${accuracy === null ? "" : `, ${Math.round(100 * accuracy!)} % right`}`]
    : [];
  return [
    `${id} under ${threat}, ${spec.model.name}, defense ${spec.defense?.id ?? "none"}${spec.adaptive ? " (known to the attacker)" : ""}, seed ${spec.seed}${known}`,
    "",
    table([["record", "class", ...metrics, ""], ...rows]),
    "",
    "In brackets: the floor, the best guess made without any update.",
    ...labels,
    ...result.notes.map((note) => `Note: ${note}`),
    `${result.iterations} iterations in ${duration(result.seconds)}${result.exhausted ? "; ended by the budget, not by its own rule" : ""}`,
    `Pictures: ${join(output, "reconstruction-*.png")}`,
    ...(result.images.some(({ leaked }) => leaked)
      ? []
      : [
          "No leak here is no proof of safety: `leakscope audit` adds the controls that tell a defense from an attack that failed.",
        ]),
  ].join("\n");
}
