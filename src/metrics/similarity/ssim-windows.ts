// Sliding windows for SSIM: separable filters with three border rules, and the similarity of two planes under them
// (Wang et al. 2004; formula and conventions of spec/metrics.md section 3.3).
import type { FloatArray } from "../../math/tensor.js";

/** `inside`: windows fully in the picture; `mirror`: reflect without repeating the edge pixel; `zero`: black outside. */
export type Border = "inside" | "mirror" | "zero";

export interface Window {
  /** Weights along one axis, odd in number, summing to 1. */
  readonly taps: readonly number[];
  readonly border: Border;
  /** Factor on variances and covariance: 1 for the population, n / (n - 1) for a sample of n pixels. */
  readonly varianceFactor: number;
  /** Dynamic range L that scales the two constants, in units of the pixels. */
  readonly range: number;
}

/** Weights of a Gaussian of deviation `sigma` pixels on `length` taps, normalised to sum 1. */
export function gaussianTaps(length: number, sigma: number): number[] {
  const centre = (length - 1) / 2;
  const weights = Array.from({ length }, (_, i) => Math.exp(-((i - centre) ** 2) / (2 * sigma * sigma)));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** `length` equal weights with sum 1. */
export function uniformTaps(length: number): number[] {
  return new Array<number>(length).fill(1 / length);
}

/** Mean SSIM of two planes of height * width pixels. Both sides must be at least as long as the window. */
export function windowedSimilarity(x: FloatArray, y: FloatArray, height: number, width: number, window: Window) {
  const average = (at: (i: number) => number) => {
    const plane = Float64Array.from({ length: x.length }, (_, i) => at(i));
    return slide(slide(plane, height, width, window), outputLength(width, window), height, window);
  };
  const meanX = average((i) => x[i]!);
  const meanY = average((i) => y[i]!);
  const meanXX = average((i) => x[i]! * x[i]!);
  const meanYY = average((i) => y[i]! * y[i]!);
  const meanXY = average((i) => x[i]! * y[i]!);
  const c1 = (0.01 * window.range) ** 2;
  const c2 = (0.03 * window.range) ** 2;
  let sum = 0;
  for (let i = 0; i < meanX.length; i++) {
    const product = meanX[i]! * meanY[i]!;
    const squares = meanX[i]! ** 2 + meanY[i]! ** 2;
    const covariance = window.varianceFactor * (meanXY[i]! - product);
    const variances = window.varianceFactor * (meanXX[i]! + meanYY[i]! - squares);
    sum += ((2 * product + c1) * (2 * covariance + c2)) / ((squares + c1) * (variances + c2));
  }
  return sum / meanX.length;
}

function outputLength(length: number, { taps, border }: Window): number {
  return border === "inside" ? length - taps.length + 1 : length;
}

/** Filters every row and returns the result transposed, so that two calls filter both axes and restore the layout. */
function slide(plane: Float64Array, rows: number, columns: number, window: Window): Float64Array {
  const { taps, border } = window;
  const outColumns = outputLength(columns, window);
  const offset = border === "inside" ? 0 : -(taps.length - 1) / 2;
  const out = new Float64Array(outColumns * rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < outColumns; column++) {
      let sum = 0;
      for (let k = 0; k < taps.length; k++) {
        let source = column + offset + k;
        if (source < 0 || source >= columns) {
          if (border === "zero") continue;
          source = source < 0 ? -source : 2 * (columns - 1) - source;
        }
        sum += taps[k]! * plane[row * columns + source]!;
      }
      out[column * rows + row] = sum;
    }
  }
  return out;
}
