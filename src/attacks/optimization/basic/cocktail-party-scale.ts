// Scale, sign and offset of unmixed sources. A source is known up to a factor only, and the bias gradient, which is the same mixture of ones,
// tells that factor: a source over its mixture of ones is what the layer read. The paper stretches each source over its range instead; that
// remains for layers without a bias, and for readings that no pixels can have.
import { dot } from "../../../math/vector.js";
import type { Whitened } from "./cocktail-party-whitening.js";

export interface Scaled {
  /** Row-major [count, inputs]. */
  readonly readings: Float64Array;
  /** How many of them have their scale from their range. */
  readonly stretched: number;
  /** How many of them have their sign from a guess: neither the bias nor the range of what was read tells it. */
  readonly guessed: number;
}

/** Lowest and highest value at a position of what the layer reads. */
export type RangeAt = (position: number) => readonly [number, number];

/** How far beyond its range a reading may go, in widths of the range: separation is never perfect, and what is left of others adds up. */
const REACH = 0.5;

/** Sources along `directions` [count, count], each brought to the scale of what the layer read; without `rangeAt` any value may be read. */
export function scaleSources(
  { count, mixtures, offsets, biases }: Pick<Whitened, "count" | "mixtures" | "offsets" | "biases">,
  directions: Float64Array,
  rangeAt?: RangeAt,
): Scaled {
  const inputs = mixtures.length / count;
  const ranges = rangeAt ? Array.from({ length: inputs }, (_, position) => rangeAt(position)) : [];
  const readings = new Float64Array(count * inputs);
  let [stretched, guessed] = [0, 0];
  for (let i = 0; i < count; i++) {
    const direction = directions.subarray(i * count, (i + 1) * count);
    const source = new Float64Array(inputs).fill(dot(direction, offsets));
    direction.forEach((weight, k) => {
      for (let j = 0; j < inputs; j++) source[j]! += weight * mixtures[k * inputs + j]!;
    });
    const ones = biases ? dot(direction, biases) : 0;
    const reading = source.map((value) => value / ones);
    if (ones !== 0 && ranges.every(([low, high], j) => outside(reading[j]!, low, high) <= REACH)) {
      readings.set(reading, i * inputs);
      continue;
    }
    stretched++;
    // What has no negative values leans to one side of zero.
    const isSigned = ranges.some(([low]) => low < 0);
    if (ones === 0 && isSigned) guessed++;
    const lean = ones !== 0 ? ones : isSigned ? 1 : source.reduce((sum, value) => sum + value, 0);
    readings.set(stretch(lean < 0 ? source.map((value) => -value) : source, ranges), i * inputs);
  }
  return { readings, stretched, guessed };
}

const outside = (value: number, low: number, high: number): number =>
  Math.max(low - value, value - high) / (high - low);

/** The source's own lowest to highest value laid over the range; as it is where any value may be read. */
function stretch(source: Float64Array, ranges: readonly (readonly [number, number])[]): Float64Array {
  if (ranges.length === 0) return source;
  const lowest = source.reduce((a, b) => Math.min(a, b));
  const width = source.reduce((a, b) => Math.max(a, b)) - lowest || 1;
  return source.map((value, j) => {
    const [low, high] = ranges[j]!;
    return low + ((high - low) * (value - lowest)) / width;
  });
}
