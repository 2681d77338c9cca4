// `leakscope check`: what can be attacked in a model, by which attack, in which threat model, at what cost, before anything runs; and how an
// update of it would be understood.
import { Command, Option } from "commander";
import { type ModelSummary, type Prognosis, prognose, summariseModel } from "../audit/attackable.js";
import { loadCatalogue } from "../audit/catalogue.js";
import { updateKinds, updateSigns } from "../audit/interpret-update.js";
import { backendOf } from "../engine/backends/node-devices.js";
import type { ThreatLetter } from "../threat/capabilities.js";
import { type DeviceOptions, deviceOption, findDevice } from "./device.js";
import { type ExitCode, exitCodes } from "./exit.js";
import { catchInterrupt } from "./interrupt.js";
import { imageShape } from "./model-options.js";
import { aboveZero, wholeNumber } from "./options.js";
import { type Material, type OwnUpdate, openMaterial, readUpdate, type UpdateOptions } from "./own-material.js";
import { duration, figure, table, wrap } from "./table.js";

interface CheckOptions extends Omit<UpdateOptions, "seed" | "model">, DeviceOptions {
  readonly try: number;
  readonly json?: true;
}

const examples = `
Examples:
  leakscope check net.onnx
  leakscope check resnet18 --input 3x32x32 --classes 10
  leakscope check net.onnx --global before.npz --update after.npz --kind weights --scale 0.1
  leakscope check net.onnx --try 20 --json`;

/** The verb. `exit` is told how the process should end. */
export function checkCommand(exit: (code: ExitCode) => void): Command {
  return new Command("check")
    .description("say what can be attacked in a model, by which attack, at what cost, before anything runs")
    .argument("<model>", "an ONNX file, or see `leakscope list models`")
    .option("--input <CxHxW>", "size of images of a model that is no file (default: 3x32x32)", imageShape)
    .option("--classes <n>", "classes of a model that is no file (default: 10)", wholeNumber(2))
    .option("--global <file>", "weights: safetensors, npz, npy, .pt or a folder of npy")
    .option("--update <file>", "an update, to say how it is understood; same formats")
    .option("--batch-size <n>", "images behind the update (default: 1)", wholeNumber(1))
    .addOption(new Option("--kind <kind>", "what the update is (default: auto, by stated rules)").choices(updateKinds))
    .addOption(new Option("--sign <order>", "of a delta (default: auto)").choices(updateSigns))
    .option("--scale <lr>", "learning rate × local steps of a delta", aboveZero)
    .option("--try <seconds>", "how long each attack is tried for its cost", aboveZero, 5)
    .addOption(deviceOption())
    .option("--json", "print it as JSON")
    .addHelpText("after", examples)
    .action(async (model: string, options: CheckOptions) => {
      process.stdout.write(`${await check(model, options)}\n`);
      exit(exitCodes.good);
    });
}

async function check(name: string, options: CheckOptions): Promise<string> {
  const own = { ...options, model: name, seed: 1 };
  const material = await openMaterial(own);
  const update = options.update === undefined ? null : readUpdate(material, own, options.update);
  const summary = summariseModel(material.payload.model);
  const prognoses = await tryAttacks(material, options);
  if (!options.json) return describe(material, summary, update, prognoses);
  const { id, inputShape, classes } = material.payload.model;
  const json = {
    model: { id, inputShape, classes, ...summary },
    warnings: material.opened.warnings,
    weights: material.notes,
    update: update && { ...update.understood, batchSize: update.batchSize, matching: update.matching },
    attacks: prognoses,
  };
  return JSON.stringify(json, null, 2);
}

async function tryAttacks({ payload }: Material, { try: trySeconds, device }: CheckOptions): Promise<Prognosis[]> {
  const { attacks } = await loadCatalogue();
  const backend = backendOf(await findDevice(device));
  const interrupt = catchInterrupt(() => process.stderr.write("Stopping. Ctrl-C again ends at once.\n"));
  const onAttack = (id: string) => void process.stderr.write(`trying ${id}\n`);
  try {
    const tools = { backend, signal: interrupt.signal, onAttack, trySeconds };
    return await prognose(payload, attacks.values(), tools);
  } catch (error) {
    throw interrupt.signal.aborted ? interrupt.signal.reason : error;
  } finally {
    interrupt.release();
  }
}

function describe(
  { payload: { model }, opened, notes }: Material,
  { layers, numbers, buffers, traits }: ModelSummary,
  update: OwnUpdate | null,
  prognoses: readonly Prognosis[],
): string {
  const item = (text: string) => `  ${wrap(text, 116, "    ")}`;
  const section = (heading: string, lines: readonly string[]) => (lines.length > 0 ? ["", heading, ...lines] : []);
  const rows = layers.map(({ name, kind, shapes, numbers: own }) => [name, kind, String(own), shapes.join(", ")]);
  return [
    `${model.id}: images of ${model.inputShape.join("x")}, ${model.classes} classes, ${model.parameters.length} parameters with ${numbers} numbers, ${buffers} buffers`,
    ...section("Layers", [indent(table(rows))]),
    ...section("Warnings", opened.warnings.map(item)),
    ...section("Weights", notes.map(item)),
    ...section("What decides", traits.map(item)),
    ...(update ? section("The update", understoodLines(update).map(item)) : []),
    ...section("Attacks, on one image, with default options", [indent(table(attackRows(prognoses)))]),
    ...section(
      "",
      prognoses.flatMap(({ attack, runs, reason }) =>
        runs === "yes" || runs === "not-tried" || !reason ? [] : [item(`${attack}: ${reason}`)],
      ),
    ).slice(1),
    "",
    "Times are at most: a search that finds the image ends earlier. Each attack was tried on noise with the weights at hand.",
  ].join("\n");
}

const indent = (text: string): string => `  ${text.replaceAll("\n", "\n  ")}`;

/** How an update was understood, one statement a line. */
const understoodLines = ({ understood: { kind, sign, scale, notes }, batchSize, matching }: OwnUpdate): string[] => [
  ...matching,
  `understood as ${kind} of ${batchSize} image(s), sign ${sign === 1 ? "kept" : "turned"}, scale ${figure(scale)}`,
  ...notes,
];

const runsWords: Readonly<Record<Prognosis["runs"], string>> = {
  yes: "runs",
  "known-labels": "runs where labels are known ◦",
  no: "does not run",
  "not-tried": "simulate a round: `leakscope attack`",
};

function attackRows(prognoses: readonly Prognosis[]): string[][] {
  const span = (threats: readonly ThreatLetter[]) => threats.join(" ");
  const cost = ({ runs, seconds }: Prognosis) => {
    if (runs === "no" || runs === "not-tried") return "–";
    return seconds === null ? "long" : duration(seconds);
  };
  return [
    ["attack", "threat models", "here", "at most"],
    ...prognoses.map((each) => [each.attack, span(each.threats), runsWords[each.runs], cost(each)]),
  ];
}
