// Random numbers that a model's forward pass takes (models/define.ts): drawn by the client that trains it, anew at every pass, and sent to
// nobody.
import type { Graph, Node } from "../engine/index.js";
import type { Random } from "../math/random.js";
import { type FloatArray, sizeOf } from "../math/tensor.js";
import type { Model } from "../models/define.js";

/** Values by name, one row per sample. */
export type Noise = ReadonlyMap<string, FloatArray>;

/** Standard normal numbers for `size` samples; undefined for a model without random parts, and for nobody. */
export function drawNoise({ noise = [] }: Model, size: number, random: Random): Noise | undefined {
  if (noise.length === 0 || size === 0) return undefined;
  return new Map(
    noise.map(({ name, shape }) => {
      const values = new Float64Array(size * sizeOf(shape));
      random.split(name).fillNormal(values, 0, 1);
      return [name, values];
    }),
  );
}

/** The noise of one of `size` samples. */
export const rowNoise = (noise: Noise, row: number, size: number): Noise =>
  new Map(
    [...noise].map(([name, values]) => {
      const width = values.length / size;
      return [name, values.slice(row * width, (row + 1) * width)];
    }),
  );

/** Graph inputs `noise:<name>` for `size` samples. */
export const noiseInputs = (graph: Graph, { noise = [] }: Model, size: number): Map<string, Node> =>
  new Map(noise.map(({ name, shape }) => [name, graph.input(`noise:${name}`, [size, ...shape])]));

/** Values for the inputs of `noiseInputs`. */
export const noiseValues = (noise: Noise = new Map()): Record<string, FloatArray> =>
  Object.fromEntries([...noise].map(([name, values]) => [`noise:${name}`, values]));
