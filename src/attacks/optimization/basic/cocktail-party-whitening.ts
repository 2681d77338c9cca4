// Whitening of a fully connected layer's gradient (spec/attacks-optimization.md 2.8, step 1): its rows are mixtures of what the layer read,
// and as many uncorrelated mixtures of unit variance are kept as there are sources.

import type { Random } from "../../../math/random.js";
import { symmetricEigen } from "../../../math/symmetric-eigen.js";
import type { FloatArray } from "../../../math/tensor.js";
import { addScaled, dot } from "../../../math/vector.js";

export interface Gradient {
  /** Row-major [outputs, inputs]. */
  readonly weight: FloatArray;
  /** [outputs], where the layer has one. */
  readonly bias?: FloatArray;
  readonly outputs: number;
  readonly inputs: number;
}

export interface Whitened {
  /** How many mixtures there are: the sources, or as many as the gradient has directions. */
  readonly count: number;
  /** Row-major [count, inputs]: centred, uncorrelated over the inputs, of variance 1. */
  readonly mixtures: Float64Array;
  /** What centring took off each. */
  readonly offsets: Float64Array;
  /** The same mixtures of the bias gradient. */
  readonly biases?: Float64Array | undefined;
  /** Outputs of the layer whose gradient is not zero. */
  readonly active: number;
}

/** Float32 leaves directions of about 1e-7 of the largest, in variances the square of that. */
const NOISE = 1e-13;

/** Above so many active outputs, random sums of them take their place: the decomposition costs their number cubed. */
const MOST_ROWS = 512;

/** Sums more than there are sources: a random range misses a direction with negligible probability (Halko et al. 2011, section 10). */
const SPARE_ROWS = 32;

/** Keeps at most `sources` mixtures. Of a gradient of zeros nothing is left: `count` is 0. */
export function whiten(gradient: Gradient, sources: number, random: Random): Whitened {
  const { inputs } = gradient;
  const { rows, biases, active } = sketch(activeRows(gradient), sources + SPARE_ROWS, random);
  const n = rows.length;
  const means = Float64Array.from(rows, (row) => row.reduce((sum, value) => sum + value, 0) / inputs);
  const centred = rows.map((row, i) => row.map((value) => value - means[i]!));
  const covariance = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) covariance[i * n + j] = dot(centred[i]!, centred[j]!) / (inputs - 1);
  }
  const { values, vectors } = symmetricEigen(covariance, n);
  const directions = values.filter((value) => value > NOISE * values[0]!).length;
  const count = Math.min(sources, directions);
  const mixtures = new Float64Array(count * inputs);
  const offsets = new Float64Array(count);
  const mixed = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const weights = vectors.slice(i * n, (i + 1) * n).map((value) => value / Math.sqrt(values[i]!));
    const mixture = mixtures.subarray(i * inputs, (i + 1) * inputs);
    weights.forEach((weight, row) => {
      addScaled(mixture, weight, centred[row]!);
    });
    offsets[i] = dot(weights, means);
    if (biases) mixed[i] = dot(weights, biases);
  }
  return { count, mixtures, offsets, ...(biases ? { biases: mixed } : {}), active };
}

interface Rows {
  readonly rows: readonly Float64Array[];
  readonly biases?: Float64Array;
  readonly active: number;
}

function activeRows({ weight, bias, outputs, inputs }: Gradient): Rows {
  const all = Array.from({ length: outputs }, (_, i) =>
    Float64Array.from(weight.subarray(i * inputs, (i + 1) * inputs)),
  );
  const active = [...all.keys()].filter((i) => all[i]!.some((value) => value !== 0));
  const rows = active.map((i) => all[i]!);
  return { rows, ...(bias ? { biases: Float64Array.from(active, (i) => bias[i]!) } : {}), active: rows.length };
}

function sketch(full: Rows, wanted: number, random: Random): Rows {
  const { rows, biases, active } = full;
  const size = Math.max(MOST_ROWS / 2, wanted);
  if (active <= MOST_ROWS || active <= size) return full;
  const sums = Array.from({ length: size }, () => new Float64Array(rows[0]!.length));
  const sumsOfBiases = new Float64Array(size);
  const factors = new Float64Array(active);
  sums.forEach((sum, i) => {
    random.split("sketch", i).fillNormal(factors, 0, 1);
    rows.forEach((row, j) => {
      addScaled(sum, factors[j]!, row);
    });
    if (biases) sumsOfBiases[i] = dot(factors, biases);
  });
  return { rows: sums, ...(biases ? { biases: sumsOfBiases } : {}), active };
}
