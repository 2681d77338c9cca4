// Where the bins of an imprint lie (spec/attacks-analytic.md 1.4): edges between which a query, here an image's mean, falls equally often.
import { kernelQuantile, silvermanWidth } from "../../math/kernel-quantile.js";
import { normalQuantile, quantile } from "../../math/normal.js";
import type { FloatArray } from "../../math/tensor.js";

/** The distribution of a query over images. */
export interface QueryDistribution {
  readonly mean: number;
  readonly deviation: number;
  readonly sorted: Float64Array;
}

export type EdgeRule = "normal" | "empirical" | "smooth";

/** The query: the mean of all inputs. */
export function queryOf(image: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < image.length; i++) sum += image[i]!;
  return sum / image.length;
}

/** The query of every image of a batch laid end to end. */
export function queriesOf(data: FloatArray, images: number): Float64Array {
  const size = data.length / images;
  return Float64Array.from({ length: images }, (_, row) => queryOf(data.subarray(row * size, (row + 1) * size)));
}

/** Of at least one value. */
export function distributionOf(values: Float64Array): QueryDistribution {
  const sorted = values.slice().sort();
  const mean = queryOf(sorted);
  const variance = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / sorted.length;
  return { mean, deviation: Math.sqrt(variance), sorted };
}

/**
 * The brightness of real pictures has several modes, which Silverman's width for a normal smooths away. Measured with 512 pictures and 256 bins:
 * a third of it loses half a percent on CIFAR-10, where the normal fit is best, and wins eight on patches of four photographs.
 */
const NARROWER = 1 / 3;

const rules: Readonly<Record<EdgeRule, (distribution: QueryDistribution, p: number) => number>> = {
  normal: ({ mean, deviation }, p) => mean + deviation * normalQuantile(p),
  empirical: ({ sorted }, p) => quantile(sorted, p),
  smooth: ({ sorted }, p) => kernelQuantile(sorted, p, NARROWER * silvermanWidth(sorted)),
};

/** The query below which the share `p`, strictly between 0 and 1, of images lies: by a normal fit, of the sample itself, or of it smoothed. */
export const edgeAt = (distribution: QueryDistribution, p: number, rule: EdgeRule): number =>
  rules[rule](distribution, p);
