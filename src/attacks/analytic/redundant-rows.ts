// Hits out of a noisy layer gradient (spec/attacks-analytic.md 4.1, steps 5 and 6): rows that show the same image are merged by least squares,
// x = Σ β·w / Σ β², so that their noise averages out. Which noise there is, is read off the rows that did not fire.
import type { FloatArray } from "../../math/tensor.js";
import type { ValidRange } from "./hits.js";

/** An image as the rows of one group say it. */
export interface MergedHit {
  readonly input: Float64Array;
  /** Rows that show it. */
  readonly rows: number;
  /** √Σβ²: over the noise's deviation it is the inverse of what is left of the noise per entry. */
  readonly strength: number;
}

/** The deviation of the noise on every entry: the root mean square of the quietest row; 0 where a row is all zeros. */
export function noiseOf(weight: FloatArray, rows: number): number {
  const columns = weight.length / rows;
  let least = Number.POSITIVE_INFINITY;
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let i = row * columns; i < (row + 1) * columns; i++) sum += weight[i]! * weight[i]!;
    least = Math.min(least, sum / columns);
  }
  return Math.sqrt(least);
}

interface Group {
  rows: number;
  /** Σ β·w and Σ β². */
  readonly total: Float64Array;
  weight: number;
}

/** A row's noise is this small a part of its bias gradient, or it is not looked at. */
const CLEAR = 5;
/** Rows closer than this, as a share of their size, show one image, noise or not. */
const SAME = 0.01;
/** By how much a squared distance may exceed what noise explains; it scatters by 3 % for 3,000 entries. */
const EXCESS = 1.3;
const RANGE_SLACK = 0.05;
const VALID_SHARE = 0.99;

export interface MergeOptions {
  readonly range: ValidRange;
  readonly threshold: number;
  /** False keeps of every group its strongest row alone. */
  readonly merge: boolean;
}

/** Images in the valid range, those with most signal first. */
export function mergeRows(weight: FloatArray, bias: FloatArray, noise: number, options: MergeOptions): MergedHit[] {
  const columns = weight.length / bias.length;
  const sizes = Array.from(bias, Math.abs);
  const least = Math.max(CLEAR * noise, options.threshold * Math.max(...sizes));
  const clear = sizes.flatMap((size, row) => (size > least ? [row] : [])).sort((a, b) => sizes[b]! - sizes[a]!);
  const groups: Group[] = [];
  for (const row of clear) {
    const [gradient, beta] = [weight.subarray(row * columns, (row + 1) * columns), bias[row]!];
    const same = groups.find((group) => showsSame(gradient, beta, group, noise));
    if (!same) {
      groups.push({ rows: 1, total: Float64Array.from(gradient, (value) => beta * value), weight: beta * beta });
      continue;
    }
    same.rows++;
    if (!options.merge) continue;
    for (let i = 0; i < columns; i++) same.total[i]! += beta * gradient[i]!;
    same.weight += beta * beta;
  }
  return groups
    .map(({ rows, total, weight: squared }) => ({
      input: total.map((value) => value / squared),
      rows,
      strength: Math.sqrt(squared),
    }))
    .filter(({ input, strength }) => isValid(input, noise / strength, options.range))
    .sort((a, b) => b.strength - a.strength);
}

/** Whether a row and a group differ by no more than their noise: in shape first, then in size, on which the bias gradient's noise acts alike. */
function showsSame(gradient: FloatArray, beta: number, { total, weight }: Group, noise: number): boolean {
  const columns = total.length;
  let [own, inner, other] = [0, 0, 0];
  for (let i = 0; i < columns; i++) {
    const [a, b] = [gradient[i]! / beta, total[i]! / weight];
    own += a * a;
    inner += a * b;
    other += b * b;
  }
  const [left, right] = [noise / Math.abs(beta), noise / Math.sqrt(weight)];
  const explained = columns * (left * left + right * right);
  const factor = inner / other;
  const apart = own - factor * inner;
  if (apart > EXCESS * explained + SAME * SAME * other) return false;
  return Math.abs(factor - 1) <= SAME + CLEAR * (left + right) + EXCESS * (explained / other);
}

function isValid(input: Float64Array, deviation: number, range: ValidRange): boolean {
  let inside = 0;
  input.forEach((value, i) => {
    const [low, high] = range(i);
    const slack = RANGE_SLACK * (high - low) + 3 * deviation;
    if (value >= low - slack && value <= high + slack) inside++;
  });
  return inside >= VALID_SHARE * input.length;
}
