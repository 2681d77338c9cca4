// A file's tensors as the parameters of a model, in the layout that the model holds them in. Imported models turn a last layer that the ONNX
// file stores by input; files that follow the ONNX file's layout are turned with it.
import { cast, type Tensor, tensor } from "../math/tensor.js";
import type { Model, Weights } from "../models/define.js";
import { matchTensors, type TensorMatch } from "../models/files/match-tensors.js";
import { readTensors } from "../models/files/read-tensors.js";
import type { TensorFile } from "../models/files/tensor-file.js";
import { WeightsError } from "../models/weights-error.js";

export interface Target {
  readonly model: Model;
  /** Parameters that a file of the model's origin stores as columns by rows. */
  readonly transposed: ReadonlySet<string>;
}

export interface BroughtTensors {
  /** Float32, as on the wire; every parameter, and the buffers that the file holds. */
  readonly tensors: Weights;
  readonly by: TensorMatch["by"];
  /** How they were matched, in one sentence. */
  readonly report: string;
  /** Buffers that the file lacks. */
  readonly absent: readonly string[];
}

/** An update: buffers are in none, unless it is a whole state of weights. Throws as `bringTensors`. */
export function bringUpdate(target: Target, path: string): BroughtTensors {
  const brought = bringTensors(target, path);
  const { model } = target;
  if (brought.absent.length < model.buffers.length || model.buffers.length === 0) return brought;
  return bringTensors({ ...target, model: { ...model, buffers: [] } }, path);
}

/** Reads and matches the file at `path`. Throws WeightsError that names the file, what is wrong and what to do. */
export function bringTensors(target: Target, path: string): BroughtTensors {
  const file = readTensors(path);
  const { tensors, by, report, absent, turned } = matchEitherWay(target, file, path);
  const held = new Map(
    [...tensors].map(([name, { shape, data }]) => {
      const wide = cast(data, "float32");
      const odd = wide.findIndex((value) => !Number.isFinite(value));
      if (odd >= 0) {
        const expected = "finite numbers that float32 can hold";
        const remedy = "export it again from a model that has not diverged";
        throw new WeightsError({ file: path, at: name, expected, actual: `${data[odd]} at position ${odd}`, remedy });
      }
      const flat = tensor(shape, wide);
      return [name, turned.has(name) ? transposed(flat) : flat];
    }),
  );
  return { tensors: held, by, report, absent };
}

/** In the layout of the model's origin first, as that is where updates come from; else in ours. */
function matchEitherWay({ model, transposed: flipped }: Target, file: TensorFile, path: string) {
  if (flipped.size === 0) return { ...matchTensors(model, file, path), turned: flipped };
  const parameters = model.parameters.map((each) =>
    flipped.has(each.name) ? { ...each, shape: [...each.shape].reverse() } : each,
  );
  try {
    return { ...matchTensors({ ...model, parameters }, file, path), turned: flipped };
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error;
    return { ...matchTensors(model, file, path), turned: new Set<string>() };
  }
}

function transposed({ shape, data }: Tensor): Tensor {
  const [rows, columns] = shape as [number, number];
  return tensor(
    [columns, rows],
    Float32Array.from(data, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!),
  );
}
