// Where trainings are kept between runs, finished or not, and under which key: a hash of all that decides the result, so that a file that is
// found belongs to just this training.
import { type FloatArray, type Tensor, tensor } from "../../math/tensor.js";
import type { Parameter } from "../../models/define.js";
import { readSafetensors, writeSafetensors } from "../../models/safetensors.js";
import { type AdamState, freshAdam } from "./adam-state.js";

export interface TrainingCache {
  /** What was last written under `key`, 64 hexadecimal digits. */
  read(key: string): Promise<Uint8Array | undefined>;
  /** Replaces it, whole or not at all. An error ends the training. */
  write(key: string, bytes: Uint8Array): Promise<void>;
}

/** A training after `step` steps. */
export interface TrainingState {
  readonly step: number;
  /** By parameter, in their order. */
  readonly values: readonly Float32Array[];
  /** The same; nobody needs them after the last step. */
  readonly moments: readonly AdamState[];
  readonly curve: readonly { readonly iteration: number; readonly loss: number }[];
}

/** Changes with what is hashed or kept. */
const FORMAT = "leakscope training 1";

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

const digest = async (bytes: Uint8Array): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));

export interface TrainingRecipe {
  /** The graph of one step, as it is handed to the runtime: shapes, loss and precision are in it. */
  readonly graph: Uint8Array;
  readonly backend: string;
  /** Numbers that steer it. */
  readonly settings: readonly number[];
  /** What it starts from and what it learns on, in a fixed order. */
  readonly tensors: readonly (readonly [name: string, data: FloatArray])[];
}

/** SHA-256 of a training, in hexadecimal digits. */
export async function trainingKey({ graph, backend, settings, tensors }: TrainingRecipe): Promise<string> {
  const said = [FORMAT, backend, settings, tensors.map(([name, data]) => [name, data.BYTES_PER_ELEMENT])];
  const parts = [new TextEncoder().encode(JSON.stringify(said)), graph, ...tensors.map(([, data]) => bytesOf(data))];
  // Of digests, so that the data are not held a second time.
  const digests = await Promise.all(parts.map(digest));
  const all = await digest(Uint8Array.from(digests.flatMap((each) => [...each])));
  return Array.from(all, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** `state` as a safetensors file; after the last of `steps` without moments. */
export function packState(
  parameters: readonly Parameter[],
  { step, values, moments, curve }: TrainingState,
  steps: number,
): Uint8Array {
  const held = new Map<string, Tensor>([
    ["step", tensor([1], Float64Array.of(step))],
    ["curve", tensor([curve.length, 2], Float64Array.from(curve.flatMap(({ iteration, loss }) => [iteration, loss])))],
  ]);
  parameters.forEach(({ name, shape }, i) => {
    held.set(`value:${name}`, tensor(shape, values[i]!));
    if (step === steps) return;
    held.set(`mean:${name}`, tensor(shape, moments[i]!.mean));
    held.set(`square:${name}`, tensor(shape, moments[i]!.square));
  });
  return writeSafetensors(held);
}

/** What `packState` wrote; undefined where the file is damaged or of another training: then it is as if there were none. */
export function unpackState(
  parameters: readonly Parameter[],
  bytes: Uint8Array,
  steps: number,
): TrainingState | undefined {
  let held: Map<string, Tensor>;
  try {
    held = readSafetensors(bytes, "a kept training");
  } catch {
    return undefined;
  }
  const step = held.get("step")?.data[0] ?? -1;
  const points = held.get("curve");
  const finished = step === steps;
  const kinds = finished ? ["value"] : ["value", "mean", "square"];
  const fits = ({ name, shape }: Parameter) =>
    kinds.every((kind) => {
      const found = held.get(`${kind}:${name}`);
      return found?.shape.join() === shape.join() && found.data.every(Number.isFinite);
    });
  if (!Number.isInteger(step) || step < 0 || step > steps || points?.shape[1] !== 2 || !parameters.every(fits)) {
    return undefined;
  }
  const of = (kind: string, { name }: Parameter) => held.get(`${kind}:${name}`)!.data;
  return {
    step,
    values: parameters.map((each) => Float32Array.from(of("value", each))),
    moments: parameters.map((each) =>
      finished
        ? freshAdam(0)
        : { mean: Float64Array.from(of("mean", each)), square: Float64Array.from(of("square", each)) },
    ),
    curve: Array.from({ length: points.shape[0]! }, (_, i) => ({
      iteration: points.data[2 * i]!,
      loss: points.data[2 * i + 1]!,
    })),
  };
}
