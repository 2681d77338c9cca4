// The quantile of a kernel density estimate: a sample smoothed with normal kernels whose width follows Silverman's rule of thumb
// (Silverman 1986, equation 3.31). Between the sample's own quantile, which is as rough as the sample, and that of a normal fit.
import { normalCdf, quantile } from "./normal.js";

const STEPS = 40;

/** Silverman's width of the kernels: 0.9 min(deviation, interquartile range / 1.34) n^(-1/5). */
export function silvermanWidth(sorted: Float64Array): number {
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  const variance = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, sorted.length - 1);
  const spread = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 1.34;
  const deviation = Math.sqrt(variance);
  return 0.9 * (spread > 0 ? Math.min(deviation, spread) : deviation) * sorted.length ** -0.2;
}

/**
 * The value below which the share `p`, strictly between 0 and 1, of the smoothed sample lies; `sorted` ascends, `width` is the kernels' deviation.
 * Throws RangeError for an empty sample or another p.
 */
export function kernelQuantile(sorted: Float64Array, p: number, width: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`a smoothed sample has quantiles strictly between 0 and 1, got ${p}`);
  if (sorted.length === 0) throw new RangeError("the quantile of an empty sample is not defined");
  if (!(width > 0)) return quantile(sorted, p);
  // Beyond ten widths a kernel is all on one side.
  let [low, high] = [sorted[0]! - 10 * width, sorted.at(-1)! + 10 * width];
  for (let step = 0; step < STEPS; step++) {
    const middle = (low + high) / 2;
    let below = 0;
    for (const value of sorted) {
      const z = (middle - value) / width;
      below += z > 9 ? 1 : z < -9 ? 0 : normalCdf(z);
    }
    if (below < p * sorted.length) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
