// Hit extraction of spec/attacks-analytic.md 1.2: from per-row weight and bias gradients to the inputs that were alone in a row.
// Nothing here knows the truth or the true batch size.
import { type FloatArray, sizeOf, tensor } from "../../math/tensor.js";
import type { BasicKnowledge, ObservedRound } from "../../threat/observation.js";
import type { Reconstruction } from "../define.js";
import { modelRange, toPixels } from "../optimization/pixels.js";

/** What one row of a layer's gradient says: an input, and how strong the gradient was that said it. */
export interface Candidate {
  readonly input: Float64Array;
  /** Comparable among the rows of one update. */
  readonly strength: number;
}

export interface Hit {
  readonly input: Float64Array;
  /** Share of entries inside the valid range; 1 for a clean hit. */
  readonly validity: number;
}

/** Smallest and largest valid value by position in the input. */
export type ValidRange = (position: number) => readonly [number, number];

export interface ExtractOptions {
  readonly range: ValidRange;
  /** Rows whose |bias gradient| is below this share of the largest are empty; raise it with noise. */
  readonly threshold: number;
}

/** Rows of a cumulative imprint, last one first-hand: differences of neighbours leave each bin's own samples. */
export function differenceRows(weight: FloatArray, bias: FloatArray): { weight: Float64Array; bias: Float64Array } {
  const size = weight.length / bias.length;
  const rows = Float64Array.from(weight);
  const offsets = Float64Array.from(bias);
  for (let row = 0; row + 1 < bias.length; row++) {
    offsets[row]! -= bias[row + 1]!;
    for (let i = 0; i < size; i++) rows[row * size + i]! -= weight[(row + 1) * size + i]!;
  }
  return { weight: rows, bias: offsets };
}

/**
 * The identity of a linear layer (1.1): x = (∂L/∂W_i) / (∂L/∂b_i), the row's mean input weighted by the samples' gradients, and the input itself
 * where only one sample has one. NaN or infinite where the bias gradient vanishes.
 */
export const quotientOf = (weight: FloatArray, bias: FloatArray, row: number): Float64Array => {
  const size = weight.length / bias.length;
  return Float64Array.from({ length: size }, (_, i) => weight[row * size + i]! / bias[row]!);
};

/** The quotients of all rows that are not empty. */
export function quotients(weight: FloatArray, bias: FloatArray, threshold: number): Candidate[] {
  const largest = Math.max(...Array.from(bias, Math.abs));
  return Array.from(bias, Math.abs).flatMap((strength, row) =>
    strength > threshold * largest ? [{ input: quotientOf(weight, bias, row), strength }] : [],
  );
}

const RANGE_SLACK = 0.05;
const VALID_SHARE = 0.99;
/** Two hits closer than this share of their size are one picture; two flat pictures of different brightness are not. */
const SAME = 0.01;

/** Candidates that pass the validity test, best first, duplicates dropped. */
export function keepValid(candidates: readonly Candidate[], range: ValidRange): Hit[] {
  const hits: (Hit & Candidate)[] = [];
  for (const { input, strength } of candidates) {
    let inside = 0;
    input.forEach((value, i) => {
      const [low, high] = range(i);
      const slack = RANGE_SLACK * (high - low);
      if (value >= low - slack && value <= high + slack) inside++;
    });
    const validity = inside / input.length;
    if (validity < VALID_SHARE || hits.some((hit) => relativeDistance(hit.input, input) < SAME)) continue;
    hits.push({ input, validity, strength });
  }
  return hits
    .sort((a, b) => b.validity - a.validity || b.strength - a.strength)
    .map(({ input, validity }) => ({ input, validity }));
}

/** Candidate inputs, best first: x = w/β for every bin that passes the validity test, duplicates dropped. */
export const extractHits = (weight: FloatArray, bias: FloatArray, { range, threshold }: ExtractOptions): Hit[] =>
  keepValid(quotients(weight, bias, threshold), range);

function relativeDistance(a: Float64Array, b: Float64Array): number {
  let [apart, size] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    apart += (a[i]! - b[i]!) ** 2;
    size += a[i]! ** 2;
  }
  return Math.sqrt(apart / size);
}

/** The range of pixels, for inputs that are whole images of that shape in model space. */
export function imageRange(knowledge: BasicKnowledge, [, height, width]: readonly number[]): ValidRange {
  return (position) => modelRange(knowledge, Math.floor(position / (height! * width!)));
}

/** Hits that are whole images, in model space, as what the attack claims. */
export function claimHits(
  hits: readonly Hit[],
  { payload: { model } }: ObservedRound,
  { normalization }: BasicKnowledge,
  notes: readonly string[],
): Reconstruction {
  const shape = model.inputShape;
  const data = new Float64Array(hits.length * sizeOf(shape));
  hits.forEach(({ input }, index) => {
    data.set(input, index * input.length);
  });
  return {
    inputs: hits.length === 0 ? tensor([0, ...shape], data) : toPixels(data, [hits.length, ...shape], normalization),
    confidence: hits.map(({ validity }) => validity),
    curve: [],
    iterations: 1,
    exhausted: false,
    notes,
  };
}
