// The normal distribution to double precision, the Laplace quantile, and the quantile of a sample.
// Sources: the series and continued fraction of the error function (DLMF 7.6.2, 7.9.3); P. J. Acklam's rational
// approximation of the normal quantile (2003), refined by one Halley step.

import type { FloatArray } from "./tensor.js";

/** The density of the standard normal distribution at `z`. */
export function normalDensity(z: number): number {
  if (Math.abs(z) > 40) return 0;
  // The square is split so that its rounding is not magnified by the exponential.
  const head = Math.trunc(z * 16) / 16;
  return (Math.exp(-0.5 * head * head) * Math.exp(-0.5 * (z - head) * (z + head))) / Math.sqrt(2 * Math.PI);
}

/** The probability that a standard normal number is below `z`; accurate relative to itself in the lower tail too. */
export function normalCdf(z: number): number {
  if (z >= 1) return 1 - upperTail(z);
  if (z <= -1) return upperTail(-z);
  return 0.5 + centralArea(z);
}

/** The probability between 0 and z, negative for a negative z, for |z| <= 1; accurate relative to itself. */
function centralArea(z: number): number {
  let term = z;
  let sum = z;
  for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) {
    term *= (z * z) / k;
    sum += term;
  }
  return normalDensity(z) * sum;
}

/** The logarithm of that probability, also where it is too small for a number. */
export function logNormalCdf(z: number): number {
  if (z > -1) return Math.log(normalCdf(z));
  return -0.5 * z * z - 0.5 * Math.log(2 * Math.PI) - Math.log(tailFraction(-z));
}

/** density(z) / (z + 1/(z + 2/(z + 3/(z + ...)))) for z >= 1. */
function upperTail(z: number): number {
  return normalDensity(z) / tailFraction(z);
}

function tailFraction(z: number): number {
  let fraction = z;
  for (let k = 16 + Math.ceil(500 / (z * z)); k > 0; k--) fraction = z + k / fraction;
  return fraction;
}

// Coefficients of Acklam's approximation, highest power first: the middle and the tail, numerator and denominator.
const MIDDLE_TOP = [
  -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2, -3.066479806614716e1,
  2.506628277459239,
];
const MIDDLE_BOTTOM = [
  -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1, 1,
];
const TAIL_TOP = [
  -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
];
const TAIL_BOTTOM = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1];
const TAIL = 0.02425;

/** The z with normalCdf(z) = p; ∓Infinity at 0 and 1. Throws RangeError for a p outside [0, 1]. */
export function normalQuantile(p: number): number {
  requireProbability(p);
  if (p > 0.5) return -lowerQuantile(1 - p);
  return lowerQuantile(p);
}

function lowerQuantile(p: number): number {
  if (p === 0) return Number.NEGATIVE_INFINITY;
  const z = p < TAIL ? tailGuess(p) : middleGuess(p);
  const excess = z > -1 ? centralArea(z) + (0.5 - p) : normalCdf(z) - p;
  const error = excess / normalDensity(z);
  return z - error / (1 + (z * error) / 2);
}

function middleGuess(p: number): number {
  const q = p - 0.5;
  return (q * polynomial(MIDDLE_TOP, q * q)) / polynomial(MIDDLE_BOTTOM, q * q);
}

function tailGuess(p: number): number {
  const q = Math.sqrt(-2 * Math.log(p));
  return polynomial(TAIL_TOP, q) / polynomial(TAIL_BOTTOM, q);
}

function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((value, coefficient) => value * x + coefficient, 0);
}

/** The quantile of the Laplace distribution with density exp(-|x| / scale) / (2 scale). */
export function laplaceQuantile(p: number, scale = 1): number {
  requireProbability(p);
  return p < 0.5 ? scale * Math.log(2 * p) : -scale * Math.log(2 * (1 - p));
}

/**
 * The p-quantile of a sample in ascending order, by linear interpolation between order statistics (type 7 of Hyndman
 * and Fan 1996, the default of NumPy and R). Throws RangeError for an empty sample or a p outside [0, 1].
 */
export function quantile(sorted: FloatArray, p: number): number {
  requireProbability(p);
  if (sorted.length === 0) throw new RangeError("the quantile of an empty sample is not defined");
  const position = (sorted.length - 1) * p;
  const below = Math.floor(position);
  const low = sorted[below]!;
  const share = position - below;
  return share === 0 ? low : low + share * (sorted[below + 1]! - low);
}

function requireProbability(p: number): void {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`a probability lies in [0, 1], got ${p}`);
}
