// `leakscope inspect`: a client's look at a received model before it trains on it. Exit code 100 when a detector raises the alarm.
import { Command } from "commander";
import { openNamedModel, openOnnxModel } from "../audit/open-model.js";
import { type Batch, type ImageShape, readBatch } from "../data/dataset.js";
import { openDataset } from "../data/open.js";
import { type Inspection, inspectWith, type LocalEvidence } from "../defenses/detection/define.js";
import { gatherEvidence } from "../defenses/detection/evidence.js";
import { detectors, type InspectionReport, inspectPayload } from "../defenses/detection/inspect.js";
import { detector as structurePin } from "../defenses/detection/structure-pin.js";
import { backendOf } from "../engine/backends/node-devices.js";
import type { Payload } from "../federated/hooks.js";
import { createRandom } from "../math/random.js";
import { type Tensor, tensor } from "../math/tensor.js";
import type { Model, Weights } from "../models/define.js";
import { matchTensors } from "../models/files/match-tensors.js";
import { readTensors } from "../models/files/read-tensors.js";
import { loadWeights } from "../models/weights.js";
import { type DeviceOptions, deviceOption, findDevice } from "./device.js";
import { type ExitCode, exitCodes, UsageError } from "./exit.js";
import { imageShape, type ModelChoice, modelChoice } from "./model-options.js";
import { collect, numberList, sourceWithOptions, wholeNumber } from "./options.js";
import { figure, table, wrap } from "./table.js";

interface InspectOptions extends DeviceOptions {
  readonly model: ModelChoice;
  readonly input?: ImageShape;
  readonly classes?: number;
  readonly data?: string;
  readonly records?: number[];
  readonly batchSize: number;
  readonly earlier: readonly string[];
  readonly seed: number;
  readonly json?: true;
}

const examples = `
Examples:
  leakscope inspect payload.safetensors --model convnet --input 3x32x32 --classes 10
  leakscope inspect payload.pt --model ./model.onnx
  leakscope inspect payload.npz --model resnet20 --input 3x32x32 --classes 10 --data cifar10:./train.bin --batch-size 32
  leakscope inspect round9.pt --model mlp --input 1x28x28 --classes 10 --data idx:./train --earlier round7.pt --earlier round8.pt

Exit code: 0 no alarm, 100 alarm, 1 the payload could not be inspected.`;

/** The verb. `exit` is told how the process should end. */
export function inspectCommand(exit: (code: ExitCode) => void): Command {
  return new Command("inspect")
    .description("look for traps in a model that a server sent, before training on it")
    .argument("<payload>", "received weights: safetensors, npz, PyTorch file, or folder of npy files")
    .requiredOption(
      "--model <name>",
      "the agreed architecture: a name (see `leakscope list models`) or an ONNX file",
      modelChoice,
    )
    .option("--input <CxHxW>", "size of images of a model that is no file", imageShape)
    .option("--classes <n>", "number of classes of a model that is no file", wholeNumber(2))
    .option("--data <source>", "one's own data, for what only a batch can show (see `leakscope list data`)")
    .option("--records <list>", "records of the data, such as 0,1 (default: one batch from the start)", numberList)
    .option("--batch-size <n>", "samples per local batch", wholeNumber(1), 16)
    .option("--earlier <file>", "an earlier round's payload, oldest first (repeatable; with --data)", collect, [])
    .option("--seed <n>", "seed of the fresh weights that --data compares with", wholeNumber(0), 1)
    .addOption(deviceOption())
    .option("--json", "print the result as JSON")
    .addHelpText("after", examples)
    .action(async (file: string, options: InspectOptions) => exit(await inspect(file, options)));
}

async function inspect(file: string, options: InspectOptions): Promise<ExitCode> {
  if (options.earlier.length > 0 && options.data === undefined) {
    throw new UsageError("--earlier compares answers to one's own batch; add --data");
  }
  const architecture = await openAgreed(options);
  const agreed = architecture.model;
  const payload: Payload = { model: agreed, weights: readPayload(architecture, file) };
  const differs = inspectWith(structurePin, payload, { agreed }).flagged;
  const local =
    options.data === undefined || differs ? undefined : await localEvidence(options, architecture, payload, file);
  const report = inspectPayload(payload, { agreed, ...(local && { local }) });
  const { decision, inspections, limits } = report;
  const model = { id: agreed.id, input: agreed.inputShape, classes: agreed.classes };
  const notes = options.data !== undefined && differs ? ["--data was not used: the model cannot be run as agreed"] : [];
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ file, model, decision, notes, inspections, limits }, null, 2)}\n`
      : `${describe(file, agreed, report, notes)}\n`,
  );
  return decision === "accept" ? exitCodes.good : exitCodes.assertion;
}

interface Architecture {
  readonly model: Model;
  /** Parameters that files of the model's origin store the other way round. */
  readonly transposed: ReadonlySet<string>;
}

async function openAgreed({ model: { name, file }, input, classes }: InspectOptions): Promise<Architecture> {
  if (file !== undefined) return openOnnxModel(file, input);
  if (input === undefined || classes === undefined) {
    throw new UsageError(`--model ${name} needs --input and --classes, such as --input 3x32x32 --classes 10`);
  }
  return openNamedModel(name!, { inputShape: input, classes });
}

/** All tensors of a file, those that do not belong to the model too; a list without names is matched by its order. */
function readPayload({ model, transposed }: Architecture, path: string): Weights {
  const file = readTensors(path);
  if (!file.named) {
    const { tensors, left } = matchTensors(model, file, path);
    return new Map([...tensors, ...left.map((name) => [name, file.tensors.get(name)!] as const)]);
  }
  const shapes = new Map(model.parameters.map(({ name, shape }) => [name, shape]));
  return new Map(
    [...file.tensors].map(([name, held]) => {
      const isTurned = transposed.has(name) && held.shape.toReversed().join() === shapes.get(name)?.join();
      return [name, isTurned ? turn(held) : held];
    }),
  );
}

function turn({ shape, data }: Tensor): Tensor {
  const [rows, columns] = shape as [number, number];
  const turned = data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!);
  return tensor([columns, rows], turned);
}

async function localEvidence(
  { data, records, batchSize, earlier, seed, device }: InspectOptions,
  architecture: Architecture,
  { weights }: Payload,
  file: string,
): Promise<LocalEvidence> {
  const { model } = architecture;
  const runnable = (from: Weights, path: string): Payload => ({ model, weights: loadWeights(model, from, path) });
  return gatherEvidence({
    payload: runnable(weights, file),
    batch: await ownBatch(model, data!, records ?? Array.from({ length: batchSize }, (_, i) => i)),
    backend: backendOf(await findDevice(device)),
    random: createRandom(seed).split("fresh"),
    history: earlier.map((path) => runnable(readPayload(architecture, path), path)),
  });
}

async function ownBatch({ inputShape, classes }: Model, source: string, records: readonly number[]): Promise<Batch> {
  const dataset = await openDataset(sourceWithOptions(source));
  if (dataset.shape.join() !== inputShape.join() || dataset.classes.length !== classes) {
    const held = `${dataset.shape.join("x")} pictures of ${dataset.classes.length} classes`;
    throw new UsageError(
      `--data ${source} has ${held}, the model takes ${inputShape.join("x")} and ${classes}; bring the data that it is to be trained on`,
    );
  }
  return readBatch(dataset, records);
}

const orders: Readonly<Record<InspectionReport["decision"], string>> = {
  accept: "no alarm. That is no proof: see the limits below.",
  reject: "reject. This is not the agreed model; do not run it, and tell the other clients.",
  quarantine:
    "quarantine. Do not send an honest update on this model; send zeros or a noised one, and compare payloads with other clients.",
  warn: "warn. Train on it only if there is a harmless reason for what is listed above.",
};

function describe(
  file: string,
  model: Model,
  { decision, inspections, limits }: InspectionReport,
  notes: readonly string[],
) {
  const rows = inspections.map(({ detector, score, threshold, flagged, action, criterion }) => {
    const { number, criteria } = detectors.find(({ id }) => id === detector)!;
    const rule = criterion === null ? undefined : criteria[criterion];
    const rate = rule?.falseAlarms ? `${rule.falseAlarms.alarms} of ${rule.falseAlarms.models}` : "–";
    const limit = rule ? `${rule.flags === "above" ? "≤" : "≥"} ${figure(threshold)}` : "–";
    return [number, detector, figure(score), limit, rate, flagged ? action.toUpperCase() : score === null ? "–" : "ok"];
  });
  const reports = (wanted: (each: Inspection) => boolean) =>
    inspections.filter(wanted).map(({ detector, report }) => wrap(`${detector}: ${report}`, 120, "  "));
  return [
    `${file}, as ${model.id} for ${model.inputShape.join("x")} and ${model.classes} classes`,
    "",
    table([["", "detector", "score", "allowed", "false alarms", ""], ...rows]),
    "",
    ...reports(({ flagged }) => flagged),
    ...reports(({ score }) => score === null),
    ...notes,
    "",
    `Decision: ${orders[decision]}`,
    "",
    "False alarms: honest models that raised it, of those measured. Not seen by these detectors:",
    ...limits.map((limit) => `- ${limit}`),
  ].join("\n");
}
