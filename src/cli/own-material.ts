// The user's own model, weights and update, as the options of `attack` and `check` name them: opened, matched and understood. A file that lies
// in a capture brings with it what the capture says.
import { join } from "node:path";
import { bringUpdate } from "../audit/bring-tensors.js";
import { captureAround } from "../audit/captured.js";
import {
  AmbiguousUpdateError,
  type Interpretation,
  interpretUpdate,
  type Statement,
} from "../audit/interpret-update.js";
import { type OpenedModel, openNamedModel, openOnnxModel, weightsOf } from "../audit/open-model.js";
import type { ImageShape } from "../data/dataset.js";
import type { Payload, Update } from "../federated/hooks.js";
import { createRandom } from "../math/random.js";
import { UsageError } from "./exit.js";
import { type ModelChoice, modelChoice } from "./model-options.js";

export interface UpdateOptions {
  readonly model?: string;
  readonly input?: ImageShape;
  readonly classes?: number;
  readonly global?: string;
  readonly update?: string;
  readonly batchSize?: number;
  readonly kind?: NonNullable<Statement["kind"]>;
  readonly sign?: NonNullable<Statement["sign"]>;
  readonly scale?: number;
  readonly seed: number;
}

type Around = NonNullable<Awaited<ReturnType<typeof captureAround>>>;

export interface Material {
  readonly opened: OpenedModel;
  readonly payload: Payload;
  /** The file of weights; null where the ONNX file's are used, or fresh ones. */
  readonly global: string | null;
  /** How that file was matched. */
  readonly notes: readonly string[];
  readonly around: Around | null;
}

/** Opens model and weights. Throws UsageError, OnnxImportError or WeightsError. */
export async function openMaterial(options: UpdateOptions): Promise<Material> {
  const around = options.update === undefined ? null : await captureAround(options.update);
  const opened = await openModel(options, around && { ...around.capture.model, folder: around.folder });
  const global = options.global ?? around?.upload.globalPath;
  if (options.update !== undefined && global === undefined && opened.weights === null) {
    throw new UsageError(
      "--update needs --global with the weights that the client started from, or an ONNX model that holds them",
    );
  }
  const { weights, notes } = weightsOf(opened, global, createRandom(options.seed));
  return { opened, payload: { model: opened.model, weights }, global: global ?? null, notes, around };
}

export interface OwnUpdate {
  readonly update: Update;
  readonly understood: Omit<Interpretation, "update">;
  readonly batchSize: number;
  readonly matching: readonly string[];
}

/** Reads the update in `file`. Throws WeightsError, and UsageError where it has to be asked what it is. */
export function readUpdate({ opened, payload, around }: Material, options: UpdateOptions, file: string): OwnUpdate {
  const batchSize = options.batchSize ?? around?.upload.samples ?? 1;
  const { tensors, report } = bringUpdate(opened, file);
  const statement = { batchSize, ...statementOf(options, around) };
  const { update, ...understood } = understand(file, payload, tensors, statement);
  return { update, understood, batchSize, matching: [`${file}: ${report}`] };
}

/** Errors of the interpretation name the file. */
function understand(file: string, ...given: Parameters<typeof interpretUpdate>): Interpretation {
  try {
    return interpretUpdate(...given);
  } catch (error) {
    throw error instanceof AmbiguousUpdateError ? new UsageError(`${file}: ${error.message}`, { cause: error }) : error;
  }
}

/** What the user says about the update, else what the capture says that it lies in. */
function statementOf({ kind, sign, scale }: UpdateOptions, around: Around | null): Omit<Statement, "batchSize"> {
  const stated = { ...(kind ? { kind } : {}), ...(sign ? { sign } : {}), ...(scale ? { scale } : {}) };
  if (!around) return stated;
  const { algorithm, learningRate, momentum } = around.capture.federation;
  if (algorithm === "FedSGD") return { kind: "gradient", ...stated };
  return {
    kind: "delta",
    sign: "global-local",
    scale: learningRate * travelled(around.upload.steps, momentum),
    ...stated,
  };
}

/** Gradients that so many steps of SGD with momentum add up to, all gradients being alike. */
function travelled(steps: number, momentum: number): number {
  let [velocity, sum] = [0, 0];
  for (let step = 0; step < steps; step++) {
    velocity = momentum * velocity + 1;
    sum += velocity;
  }
  return sum;
}

async function openModel(
  { model, input, classes }: UpdateOptions,
  captured: { name: string; file?: string | undefined; folder: string; inputShape: ImageShape; classes: number } | null,
): Promise<OpenedModel> {
  const choice: ModelChoice =
    model !== undefined
      ? modelChoice(model)
      : captured?.file !== undefined
        ? { file: join(captured.folder, captured.file) }
        : { name: captured?.name ?? "lenet" };
  const inputShape = input ?? captured?.inputShape;
  if (choice.file !== undefined) return openOnnxModel(choice.file, inputShape);
  const shape = { inputShape: inputShape ?? ([3, 32, 32] as const), classes: classes ?? captured?.classes ?? 10 };
  return openNamedModel(choice.name!, shape);
}
