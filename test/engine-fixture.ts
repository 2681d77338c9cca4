// Reads what the scripts of test/fixtures wrote, and compares results with it: PyTorch's values and derivatives in float64.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect } from "vitest";
import type { DType, FloatArray } from "../src/math/tensor.js";

export { draw } from "./draw.js";

/** An array in the `.bin` of a fixture script: position of its first number, and shape. */
export interface Stored {
  readonly script: string;
  readonly at: number;
  readonly shape: readonly number[];
}

export interface OpCase {
  readonly family: string;
  readonly op: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly inputs: readonly Stored[];
  readonly cotangent: Stored;
  readonly directions: readonly Stored[];
  readonly value: Stored;
  /** Vector-Jacobian product of the cotangent with every input. */
  readonly first: readonly Stored[];
  /** Gradient of <directions, first> with respect to every input, then to the cotangent. */
  readonly second: readonly Stored[];
}

type Size = readonly [number, number, number];

/** A net of architectures.py with drawn weights on one drawn batch. */
export interface ArchitectureCase {
  readonly model: string;
  readonly inputShape: Size;
  readonly classes: number;
  readonly batch: number;
  readonly seed: number;
  readonly mode: "eval" | "train";
  /** Whether inputs are token ids, which have no gradient. */
  readonly ids: boolean;
  /** Units of a narrowed classifier. */
  readonly hidden?: number;
  /** Parameters, then buffers: name, and the centre and half-width of the interval that values are drawn from. */
  readonly tensors: readonly (readonly [name: string, centre: number, width: number])[];
  readonly logits: Stored;
  /** What BatchNorm layers saw; in train mode only. */
  readonly statistics?: Readonly<Record<string, { readonly mean: Stored; readonly variance: Stored }>>;
  readonly matching?: {
    readonly loss: number;
    readonly gradients: readonly { readonly stride: number; readonly sample: Stored; readonly largest: number }[];
    readonly targetScales: readonly number[];
    readonly distances: Readonly<Record<string, { value: number; input?: Stored; labelLogits: Stored }>>;
  };
}

/** Names and shapes of torchvision's own net: parameters in its order, and buffers. */
export interface NamesCase {
  readonly model: string;
  readonly inputShape: Size;
  readonly classes: number;
  readonly parameters: readonly (readonly [name: string, shape: readonly number[]])[];
  readonly buffers: readonly (readonly [name: string, shape: readonly number[]])[];
}

const folder = new URL("./fixtures/", import.meta.url);
const scripts = readdirSync(folder)
  .filter((name) => name.endsWith(".py"))
  .map((name) => name.slice(0, -".py".length))
  .filter((name) => existsSync(new URL(`${name}.bin`, folder)));
const numbers = new Map<string, Float64Array>();

const fixtures = scripts.map((script) => {
  const named = (_: string, value: unknown) =>
    value !== null && typeof value === "object" && Object.hasOwn(value, "at") ? { ...value, script } : value;
  return JSON.parse(readFileSync(new URL(`${script}.json`, folder), "utf8"), named) as {
    ops: readonly OpCase[];
    architectures?: readonly ArchitectureCase[];
    names?: readonly NamesCase[];
  };
});

export const ops = fixtures.flatMap((fixture) => fixture.ops);
export const architectures = fixtures.flatMap((fixture) => fixture.architectures ?? []);
export const names = fixtures.flatMap((fixture) => fixture.names ?? []);

/** The numbers of a stored array. */
export function load({ script, at, shape }: Stored): Float64Array {
  const held =
    numbers.get(script) ?? new Float64Array(new Uint8Array(readFileSync(new URL(`${script}.bin`, folder))).buffer);
  numbers.set(script, held);
  return held.slice(at, shape.reduce((end, extent) => end * extent, 1) + at);
}

/** What issue 2 asks of values and of derivatives of both orders. */
export const tolerance: Readonly<Record<DType, number>> = { float32: 1e-5, float64: 1e-9 };

/** Largest absolute error over the largest absolute reference (1 where the reference is all zeros). */
export function relativeError(
  actual: FloatArray,
  reference: ArrayLike<number>,
  largest = Array.from(reference).reduce((most, value) => Math.max(most, Math.abs(value)), 0),
): number {
  expect(actual.length).toBe(reference.length);
  const error = Array.from(actual).reduce((most, value, i) => Math.max(most, Math.abs(value - reference[i]!)), 0);
  return error / (largest || 1);
}
