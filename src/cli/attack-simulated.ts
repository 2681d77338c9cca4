// `leakscope attack` on a simulated round: scores beside the floor, pictures into a folder.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Attack } from "../attacks/define.js";
import type { CaseResult } from "../audit/case.js";
import { type Catalogue, loadCatalogue } from "../audit/catalogue.js";
import { configSchema } from "../audit/config.js";
import { contentOf } from "../audit/content.js";
import { evaluateCase } from "../audit/evaluate.js";
import { type PlannedCase, type PlanSettings, planAudit } from "../audit/plan.js";
import { recordsPerFederation } from "../audit/protocol.js";
import type { Backend } from "../engine/backends/backend.js";
import { backendOf } from "../engine/backends/node-devices.js";
import { type ThreatLetter, weakestThreat } from "../threat/capabilities.js";
import { type AttackOptions, findAttack, flags, writePicture } from "./attack-options.js";
import { type ConfigSource, checkConfig } from "./config-file.js";
import { findDevice } from "./device.js";
import { UsageError } from "./exit.js";
import { modelChoice } from "./model-options.js";
import { idWithOptions, pairs, sourceWithOptions } from "./options.js";
import { runLive } from "./run-live.js";
import { duration, figure, table } from "./table.js";
import { describeTool } from "./tool.js";

export interface SimulatedOptions extends AttackOptions {
  readonly data?: string;
  readonly records?: number[];
}

/** Plays the round, attacks it, and prints what came back. */
export async function attackSimulated(id: string, options: SimulatedOptions): Promise<void> {
  const catalogue = await loadCatalogue();
  const backend = backendOf(await findDevice(options.device));
  const settings = { backend: backend.name, code: (await describeTool()).code };
  const planned = await planOne(id, options, catalogue, settings);
  const result = await runOne(planned, backend, options);
  await writeFiles(options.output, planned, result);
  const json = { threat: planned.threat, key: planned.case.key, spec: planned.case.spec, result };
  process.stdout.write(
    options.json ? `${JSON.stringify(json, null, 2)}\n` : `${describeResult(planned, options, result)}\n`,
  );
}

interface PlannedAttack {
  readonly id: string;
  readonly threat: ThreatLetter;
  readonly case: PlannedCase;
}

async function planOne(
  id: string,
  options: SimulatedOptions,
  catalogue: Catalogue,
  settings: Pick<PlanSettings, "backend" | "code">,
): Promise<PlannedAttack> {
  const attack = findAttack(id, catalogue);
  const { labels = "recovered", data = "portraits", global } = options;
  if (typeof labels !== "string") {
    throw new UsageError("--labels known:… is for an own update; a simulated round knows its labels: --labels known");
  }
  const threat = options.threat ?? weakestThreat(attack.needs) ?? "H";
  const { model, federation } = playedBy(attack, options);
  const value = {
    model: { ...model, ...(global === undefined ? {} : { weights: global }) },
    data: { ...sourceWithOptions(data), records: options.records ?? recordsOf(federation) },
    federation,
    threats: [threat],
    attacks: [{ ...pairs(options.option), id }],
    defenses: [options.defense === undefined ? "none" : idWithOptions(options.defense)],
    labels,
    vulnerability: false,
    seed: options.seed,
    ...(options.budget === undefined ? {} : { budget: { seconds: options.budget } }),
  };
  const source: ConfigSource = { value, place: ([field]) => flags[String(field)] ?? `attack ${id}` };
  const config = checkConfig(source, catalogue);
  const content = await contentOf(config);
  const plan = planAudit(config, catalogue, { ...settings, originals: "show", content });
  const cell = plan.cells.find(({ adaptive }) => adaptive === (options.adaptive ?? false));
  if (!cell) {
    const known = attack.adaptsTo?.join(", ") || "none";
    throw new UsageError(`--adaptive needs a --defense that attack ${id} can imitate (${known})`);
  }
  if (!cell.case) throw new UsageError(cell.reason ?? `attack ${id} cannot run here`);
  return { id, threat, case: cell.case };
}

/** What the user names; the attack's control, a setting in which it works, where no model is named. */
function playedBy({ control }: Attack, { model, batchSize }: SimulatedOptions) {
  if (model !== undefined) return { model: modelChoice(model), federation: { batchSize: batchSize ?? 1 } };
  const { model: name, classes, federation } = control;
  return {
    model: { name, ...(classes === undefined ? {} : { classes }) },
    federation: batchSize === undefined ? { ...federation, batchSize: control.batchSize } : { batchSize },
  };
}

const recordsOf = (federation: ReturnType<typeof playedBy>["federation"]): number =>
  recordsPerFederation(configSchema.parse({ federation }).federation, federation.batchSize);

function runOne(
  { id, threat, case: { key, spec } }: PlannedAttack,
  backend: Backend,
  { color }: AttackOptions,
): Promise<CaseResult> {
  return runLive(
    { key, attack: id, defense: spec.defense?.id ?? "none", threats: [threat] },
    color,
    (tools) => evaluateCase(spec, { backend, ...tools }),
    ({ images }) => (images.some(({ leaked }) => leaked) ? "leak" : "no leak"),
  );
}

async function writeFiles(folder: string, { case: { key, spec } }: PlannedAttack, result: CaseResult): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "result.json"), `${JSON.stringify({ key, spec, result }, null, 1)}\n`);
  for (const [index, { original, reconstruction }] of result.images.entries()) {
    for (const [name, uri] of Object.entries({ truth: original, reconstruction })) {
      if (uri !== null) await writePicture(join(folder, `${name}-${index}.png`), uri);
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
