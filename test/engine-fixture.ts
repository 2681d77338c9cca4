// Reads what test/fixtures/engine.py wrote, and compares results with it: PyTorch's values and derivatives in float64.
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import type { DType, FloatArray } from "../src/math/tensor.js";

/** Offset into engine.bin and shape. */
type Stored = readonly [number, readonly number[]];

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

export interface ModelCase {
  readonly model: string;
  readonly inputShape: readonly [number, number, number];
  readonly classes: number;
  readonly batch: number;
  readonly seed: number;
  readonly scales: readonly number[];
  readonly targetScales: readonly number[];
  readonly loss: number;
  readonly gradients: readonly { readonly stride: number; readonly sample: Stored; readonly largest: number }[];
  readonly distances: Readonly<Record<string, { value: number; input: Stored; labelLogits: Stored }>>;
}

const file = (ending: string) => new URL(`./fixtures/engine.${ending}`, import.meta.url);
const bytes = readFileSync(file("bin"));
const values = new Float64Array(new Uint8Array(bytes).buffer);

export const { ops, models } = JSON.parse(readFileSync(file("json"), "utf8")) as {
  ops: readonly OpCase[];
  models: readonly ModelCase[];
};

/** The numbers of a stored array. */
export function load([offset, shape]: Stored): Float64Array {
  return values.slice(offset, offset + shape.reduce((size, extent) => size * extent, 1));
}

/** `size` numbers in [-scale, scale), the same as `draw` of engine.py gives. */
export function draw(seed: number, size: number, scale = 1): Float64Array {
  const start = Math.imul(seed, 0x9e3779b9);
  return Float64Array.from({ length: size }, (_, position) => {
    let h = (start + position) | 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
    return Math.fround(((h >>> 8) / 2 ** 23 - 1) * scale);
  });
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
