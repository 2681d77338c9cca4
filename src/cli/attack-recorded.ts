// `leakscope attack --update`: an update that was recorded elsewhere, without its data. No truth, so no score: what the pictures explain of
// the update, beside what pictures explain that were made without it.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Attack } from "../attacks/define.js";
import { capturedDetails } from "../audit/captured.js";
import { type Catalogue, loadCatalogue } from "../audit/catalogue.js";
import type { Interpretation } from "../audit/interpret-update.js";
import { invertRecorded, type OwnResult, type RecordedUpdate } from "../audit/own-update.js";
import type { ImageShape } from "../data/dataset.js";
import { backendOf } from "../engine/backends/node-devices.js";
import { type ThreatLetter, weakestThreat } from "../threat/capabilities.js";
import type { KnownDefense, Normalization } from "../threat/observation.js";
import { type AttackOptions, findAttack, flags, writePicture } from "./attack-options.js";
import { type ConfigSource, checkConfig } from "./config-file.js";
import { findDevice } from "./device.js";
import { UsageError } from "./exit.js";
import { type LabelChoice, perChannel } from "./model-options.js";
import { idWithOptions, pairs } from "./options.js";
import { openMaterial, readUpdate, type UpdateOptions } from "./own-material.js";
import { describeRecorded } from "./recorded-text.js";
import { runLive } from "./run-live.js";

export interface RecordedOptions extends AttackOptions, UpdateOptions {
  readonly normalization?: Normalization | null;
}

/** What was attacked, and what is known of it, as `result.json` keeps it. */
export interface RecordedCase {
  readonly attack: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly threat: ThreatLetter;
  readonly seed: number;
  readonly model: { readonly id: string; readonly inputShape: ImageShape; readonly classes: number };
  readonly files: { readonly global: string | null; readonly update: string };
  readonly batchSize: number;
  readonly normalization: Normalization | null;
  readonly labels: LabelChoice;
  readonly knownDefense: KnownDefense | null;
  /** How files and update were understood. */
  readonly matching: readonly string[];
  readonly warnings: readonly string[];
  readonly update: Omit<Interpretation, "update">;
}

interface Planned {
  readonly attack: Attack;
  readonly recorded: RecordedUpdate;
  readonly about: RecordedCase;
  readonly budgetSeconds: number;
}

/** Attacks the update and prints what came back. */
export async function attackRecorded(
  id: string,
  options: RecordedOptions & { readonly update: string },
): Promise<void> {
  const planned = await plan(id, options, await loadCatalogue());
  const backend = backendOf(await findDevice(options.device));
  const { attack, recorded, about, budgetSeconds } = planned;
  const job = { key: id, attack: id, defense: about.knownDefense?.id ?? "none", threats: [about.threat] };
  const own = { attack, options: about.options, threat: about.threat, seed: about.seed, budgetSeconds };
  const result = await runLive(
    job,
    options.color,
    (tools) => invertRecorded(recorded, own, { backend, ...tools }),
    ({ images }) => `${images.length} picture(s)`,
  );
  await writeFiles(options.output, about, result);
  const json = `${JSON.stringify({ ...about, result }, null, 2)}\n`;
  process.stdout.write(options.json ? json : `${describeRecorded(about, result, options.output)}\n`);
}

async function plan(
  id: string,
  options: RecordedOptions & { readonly update: string },
  catalogue: Catalogue,
): Promise<Planned> {
  const attack = findAttack(id, catalogue);
  const material = await openMaterial(options);
  const { model } = material.payload;
  const { update, understood, batchSize, matching } = readUpdate(material, options, options.update);
  if (batchSize > attack.works.maxBatch) {
    throw new UsageError(
      `attack ${id} works on batches of up to ${attack.works.maxBatch} image(s), got --batch-size ${batchSize}`,
    );
  }
  const labels = options.labels ?? "recovered";
  checkLabels(labels, batchSize, model.classes);
  const { capture, upload } = material.around ?? {};
  const given = options.normalization === undefined ? (capture?.normalization ?? null) : options.normalization;
  const normalization = perChannel(given, model.inputShape[0]);
  const { chosen, knownDefense, budgetSeconds } = checkedOptions(attack, options, catalogue);
  // A stated batch or normalisation is knowledge, which the weakest adversary may not have.
  const informed = (batchSize > 1 || normalization !== null) && attack.uses?.includes("basicKnowledge");
  const threat = options.threat ?? weakestThreat(informed ? [...attack.needs, "basicKnowledge"] : attack.needs) ?? "H";
  return {
    attack,
    budgetSeconds,
    recorded: {
      payload: material.payload,
      update,
      batchSize,
      normalization,
      details: capture && upload ? capturedDetails(capture, upload) : undefined,
      labels: typeof labels === "string" ? undefined : [...labels].sort((a, b) => a - b),
      knownDefense: knownDefense ?? undefined,
    },
    about: {
      attack: id,
      options: chosen,
      threat,
      seed: options.seed,
      model: { id: model.id, inputShape: model.inputShape, classes: model.classes },
      files: { global: material.global, update: options.update },
      batchSize,
      normalization,
      labels,
      knownDefense,
      matching: [...material.notes, ...matching],
      warnings: material.opened.warnings,
      update: understood,
    },
  };
}

function checkLabels(labels: LabelChoice, batchSize: number, classes: number): void {
  if (labels === "known") {
    throw new UsageError(
      "an own update does not tell its labels: name them, as in --labels known:3,5, or leave them to be recovered",
    );
  }
  if (labels === "recovered") return;
  if (labels.length !== batchSize) {
    throw new UsageError(
      `--labels names ${labels.length} label(s) for ${batchSize} image(s); set --batch-size or name ${batchSize}`,
    );
  }
  const odd = labels.find((label) => label >= classes);
  if (odd !== undefined)
    throw new UsageError(`--labels names class ${odd}, but the model has classes 0 to ${classes - 1}`);
}

/** Options of the attack and the known defense with all defaults, checked as a configuration's are. */
function checkedOptions(attack: Attack, options: RecordedOptions, { attacks, defenses, metrics }: Catalogue) {
  if ((options.defense !== undefined) !== (options.adaptive === true)) {
    throw new UsageError(
      "on an own update, --defense and --adaptive go together: they tell the attacker which defense is on",
    );
  }
  const value = {
    attacks: [{ ...pairs(options.option), id: attack.id }],
    defenses: [options.defense === undefined ? "none" : idWithOptions(options.defense)],
    ...(options.budget === undefined ? {} : { budget: { seconds: options.budget } }),
  };
  const source: ConfigSource = { value, place: ([field]) => flags[String(field)] ?? `attack ${attack.id}` };
  const config = checkConfig(source, { attacks, defenses, metrics });
  const withDefaults = (
    choice: (typeof config.attacks)[number],
    known: ReadonlyMap<string, { options: Attack["options"] }>,
  ) => {
    const { id, ...own } = typeof choice === "string" ? { id: choice } : choice;
    return { id, options: known.get(id)!.options.parse(own) };
  };
  const [defense] = config.defenses;
  const knownDefense = defense === "none" || defense === undefined ? null : withDefaults(defense, defenses);
  if (knownDefense && !attack.adaptsTo?.includes(knownDefense.id)) {
    throw new UsageError(
      `attack ${attack.id} cannot imitate ${knownDefense.id}; it can imitate ${attack.adaptsTo?.join(", ") || "none"}`,
    );
  }
  return {
    chosen: withDefaults(config.attacks[0]!, attacks).options,
    knownDefense,
    budgetSeconds: config.budget.seconds,
  };
}

async function writeFiles(folder: string, about: RecordedCase, result: OwnResult): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "result.json"), `${JSON.stringify({ ...about, result }, null, 1)}\n`);
  for (const [index, { reconstruction }] of result.images.entries()) {
    await writePicture(join(folder, `reconstruction-${index}.png`), reconstruction);
  }
}
