// The model under audit: one of ours by name, or the user's own ONNX file, whose input shape and classes are its own.
import { readFile, stat } from "node:fs/promises";
import type { ImageShape } from "../data/dataset.js";
import { OnnxImportError } from "../engine/onnx/import.js";
import type { Random } from "../math/random.js";
import { sizeOf, tensor } from "../math/tensor.js";
import { initialise, type Model, type Parameter, type Weights } from "../models/define.js";
import { type ImportedModel, readOnnxModel } from "../models/imported.js";
import { models } from "../models/index.js";
import { bringTensors } from "./bring-tensors.js";
import { suggestion } from "./nearest.js";

/** A model without the weights that it is audited with. */
export interface OpenedModel {
  readonly model: Model;
  /** Those of the ONNX file; null for our own models, which are drawn afresh. */
  readonly weights: Weights | null;
  /** What the user should know about the file, with remedies. */
  readonly warnings: readonly string[];
  /** Parameters that the file stores the other way round. */
  readonly transposed: ReadonlySet<string>;
}

/** Images and classes that data have; ONNX files say their own. */
export interface DataShape {
  readonly inputShape: ImageShape;
  readonly classes: number;
}

/** A model that does not exist or does not fit what it is to be used with. */
export class ModelError extends Error {
  override readonly name = "ModelError";
}

/** Throws ModelError for a name that no model has. */
export function openNamedModel(name: string, { inputShape, classes }: DataShape): OpenedModel {
  const make = models[name];
  if (!make) throw new ModelError(`unknown model "${name}"; ${suggestion(name, Object.keys(models))}`);
  return { model: make(inputShape, classes), weights: null, warnings: [], transposed: new Set() };
}

/** Reads an ONNX file; `inputShape` is used only where the file leaves the size of images open. Throws OnnxImportError. */
export async function openOnnxModel(file: string, inputShape?: ImageShape): Promise<ImportedModel> {
  const bytes = await readModelFile(file);
  try {
    return readOnnxModel(bytes, file);
  } catch (error) {
    if (!inputShape) throw error;
    return readOnnxModel(bytes, file, { inputShape });
  }
}

async function readModelFile(file: string): Promise<Uint8Array> {
  const fail = (actual: string, cause?: unknown): never => {
    throw new OnnxImportError({ file, expected: "an ONNX file to read", actual, remedy: "check the path" }, { cause });
  };
  try {
    const found = await stat(file);
    // Never a pipe or a device, which may have no end.
    if (!found.isFile()) fail(found.isDirectory() ? "a folder" : "a device or pipe");
    return await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || error instanceof OnnxImportError) throw error;
    return fail(code === "ENOENT" ? "nothing there" : code, error);
  }
}

export interface BroughtWeights {
  readonly weights: Weights;
  /** How a file's tensors were matched and what was taken from elsewhere; empty where no file was read. */
  readonly notes: readonly string[];
}

/**
 * The weights that `path` holds, in any format of models/files; without a path those of the ONNX file, or fresh ones. BatchNorm statistics
 * that a file of weights lacks are the ONNX file's, else means 0 and variances 1. Throws WeightsError.
 */
export function weightsOf(opened: OpenedModel, path: string | undefined, random: Random): BroughtWeights {
  const { model, weights } = opened;
  if (path === undefined) return { weights: weights ?? initialise(model, random), notes: [] };
  const { tensors, report, absent } = bringTensors(opened, path);
  const elsewhere = new Map(
    model.buffers.map((buffer) => [buffer.name, weights?.get(buffer.name) ?? untrained(buffer)]),
  );
  const note = `${absent.length} BatchNorm statistics are not in ${path}: taken ${weights ? "from the ONNX file" : "as means 0, variances 1"}`;
  return {
    weights: new Map([...elsewhere, ...tensors].sort(inOrderOf(model))),
    notes: [`${path}: ${report}`, ...(absent.length > 0 ? [note] : [])],
  };
}

function untrained({ name, shape }: Parameter) {
  return tensor(shape, new Float32Array(sizeOf(shape)).fill(/var/.test(name) ? 1 : 0));
}

function inOrderOf({ parameters, buffers }: Model) {
  const position = new Map([...parameters, ...buffers].map(({ name }, i) => [name, i]));
  return ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => position.get(a)! - position.get(b)!;
}
