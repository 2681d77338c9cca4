// Hit extraction of spec/attacks-analytic.md 1.2: from per-bin weight and bias gradients to the inputs that were alone in a bin.
// Nothing here knows the truth or the true batch size.
import type { FloatArray } from "../../math/tensor.js";

export interface Hit {
  readonly input: Float64Array;
  /** Share of entries inside the valid range; 1 for a clean hit. */
  readonly validity: number;
}

export interface ExtractOptions {
  /** Smallest and largest valid value by position in the input. */
  readonly range: (position: number) => readonly [number, number];
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

const RANGE_SLACK = 0.05;
const VALID_SHARE = 0.99;
/** Two hits closer than this share of their size are one picture; two flat pictures of different brightness are not. */
const SAME = 0.01;

/** Candidate inputs, best first: x = w/β for every bin that passes the validity test, duplicates dropped. */
export function extractHits(weight: FloatArray, bias: FloatArray, { range, threshold }: ExtractOptions): Hit[] {
  const size = weight.length / bias.length;
  const largest = Math.max(...Array.from(bias, Math.abs));
  const hits: (Hit & { strength: number })[] = [];
  for (let row = 0; row < bias.length; row++) {
    const strength = Math.abs(bias[row]!);
    if (!(strength > threshold * largest)) continue;
    const input = Float64Array.from({ length: size }, (_, i) => weight[row * size + i]! / bias[row]!);
    let inside = 0;
    input.forEach((value, i) => {
      const [low, high] = range(i);
      const slack = RANGE_SLACK * (high - low);
      if (value >= low - slack && value <= high + slack) inside++;
    });
    const validity = inside / size;
    if (validity < VALID_SHARE || hits.some((hit) => relativeDistance(hit.input, input) < SAME)) continue;
    hits.push({ input, validity, strength });
  }
  return hits
    .sort((a, b) => b.validity - a.validity || b.strength - a.strength)
    .map(({ input, validity }) => ({ input, validity }));
}

function relativeDistance(a: Float64Array, b: Float64Array): number {
  let [apart, size] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    apart += (a[i]! - b[i]!) ** 2;
    size += a[i]! ** 2;
  }
  return Math.sqrt(apart / size);
}
