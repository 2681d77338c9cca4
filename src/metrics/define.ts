// What a metric is: one file, one value. Direction, range and variant travel with every figure (spec/metrics.md section 1).
import type { ImageShape } from "../data/dataset.js";
import type { FloatArray } from "../math/tensor.js";

/** One picture in [0, 1], planar channel, row, column; clamped by the scorer before any metric sees it. */
export interface Image {
  readonly shape: ImageShape;
  readonly data: FloatArray;
}

/** Everything that could have been the original: the data set of the case, originals included. Bytes 0 to 255. */
export interface Gallery {
  readonly length: number;
  label(index: number): number;
  pixels(index: number): Uint8Array;
}

/** Reconstructions already matched to originals: entry i of each list belongs together. */
export interface ScoreInput {
  readonly reconstructions: readonly Image[];
  readonly originals: readonly Image[];
  /** Index of every original in the gallery, and the gallery; present for metrics that need it. */
  readonly records?: readonly number[];
  readonly gallery?: Gallery;
}

/** A figure, or null with the reason why it is undefined. Never NaN. */
export type MetricValue =
  | { readonly value: number; readonly exact?: boolean; readonly note?: string }
  | { readonly value: null; readonly reason: string };

export interface MetricVariant {
  readonly title: string;
  /** One value per pair, in order; a promise where a network is run. */
  score(input: ScoreInput): MetricValue[] | Promise<MetricValue[]>;
}

export interface Metric {
  readonly id: string;
  readonly title: string;
  /** Where the definition comes from. */
  readonly source: string;
  readonly unit?: string;
  /** Which direction means that more was given away. */
  readonly moreLeakage: "higher" | "lower";
  readonly range: readonly [number, number];
  readonly needs: readonly "gallery"[];
  /** Variant id without the metric's own id, e.g. `gauss11-valid`; a stored figure carries `ssim/gauss11-valid`. */
  readonly variants: Readonly<Record<string, MetricVariant>>;
  readonly defaultVariant: string;
}

export function defineMetric<const M extends Metric>(metric: M): M {
  if (!(metric.defaultVariant in metric.variants)) {
    throw new Error(`metric ${metric.id}: default variant ${metric.defaultVariant} is not among its variants`);
  }
  return metric;
}
