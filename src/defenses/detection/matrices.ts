// A payload's weight matrices: one row per output of a fully connected layer, or per filter of a convolution. Read off the tensors, not
// off the model, so that what a server put in beside the agreed layers is looked at, too.
import type { FloatArray } from "../../math/tensor.js";
import type { Weights } from "../../models/define.js";

export interface Matrix {
  readonly name: string;
  readonly kind: "linear" | "convolution";
  readonly rows: number;
  readonly columns: number;
  /** Row-major. */
  readonly data: FloatArray;
}

/** Tensors of rank 2 and 4, in the order of the payload. */
export function matricesOf(weights: Weights): Matrix[] {
  return [...weights].flatMap(([name, { shape, data }]) => {
    if (shape.length !== 2 && shape.length !== 4) return [];
    const rows = shape[0]!;
    if (rows === 0 || data.length === 0) return [];
    const kind = shape.length === 2 ? ("linear" as const) : ("convolution" as const);
    return [{ name, kind, rows, columns: data.length / rows, data }];
  });
}

export const linearOf = (weights: Weights): Matrix[] => matricesOf(weights).filter(({ kind }) => kind === "linear");

export const rowOf = ({ data, columns }: Matrix, row: number): FloatArray =>
  data.subarray(row * columns, (row + 1) * columns);

/** The bias of the layer whose weight has this name, by the naming of PyTorch (weight) and TensorFlow (kernel); its length must fit. */
export function biasOf(weights: Weights, { name, rows }: Matrix): FloatArray | null {
  const partner = name.replace(/(?:weight|kernel)(?=[^./]*$)/, "bias");
  const bias = partner === name ? undefined : weights.get(partner);
  return bias?.data.length === rows ? bias.data : null;
}

/** Euclidean norm. */
export function norm(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]! * values[i]!;
  return Math.sqrt(total);
}

/** Inner product of two vectors of one length. */
export function inner(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}

/** Mean and standard deviation (over n). */
export function moments(values: ArrayLike<number>): { mean: number; deviation: number } {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  const mean = sum / values.length;
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i]! - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / values.length) };
}

/** Middle value; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return Number.isInteger(half) ? (sorted[half - 1]! + sorted[half]!) / 2 : sorted[Math.floor(half)]!;
}

export function countOf(values: ArrayLike<number>, test: (value: number) => boolean): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (test(values[i]!)) count++;
  return count;
}
