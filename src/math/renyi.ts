// Rényi differential privacy of the Poisson-subsampled Gaussian mechanism (Mironov, Talwar, Zhang 2019, sections 3.1 to 3.3) and its
// conversion to (ε, δ) (Balle et al. 2020, theorem 21; Canonne, Kamath, Steinke 2020). Noise is in units of the sensitivity.
import { logNormalCdf, normalCdf } from "./normal.js";

export interface Mechanism {
  /** Probability with which a unit takes part in a step, from 0 to 1. */
  readonly sampling: number;
  /** Standard deviation of the noise over the sensitivity, 0 or more. */
  readonly noise: number;
  readonly steps: number;
}

/** Orders over which the best ε is sought: those of Opacus and of Google's accountant. */
export const orders: readonly number[] = [
  ...Array.from({ length: 99 }, (_, i) => 1.1 + i / 10),
  ...Array.from({ length: 53 }, (_, i) => 11 + i),
  ...[128, 256, 512, 1024],
];

/** Terms of the series for fractional orders below e to the power of this are left out. */
const NEGLIGIBLE = -30;

const logAdd = (a: number, b: number): number => {
  const [small, large] = a < b ? [a, b] : [b, a];
  return small === Number.NEGATIVE_INFINITY ? large : large + Math.log1p(Math.exp(small - large));
};
/** log(e^a - e^b) for a >= b. */
const logSubtract = (a: number, b: number): number => {
  if (b === Number.NEGATIVE_INFINITY) return a;
  return a <= b ? Number.NEGATIVE_INFINITY : a + Math.log(-Math.expm1(b - a));
};

/** log E[(p/q)^order] for a whole order of 2 or more. */
function wholeMoment(q: number, noise: number, order: number): number {
  let total = Number.NEGATIVE_INFINITY;
  let binomial = 0;
  for (let i = 0; i <= order; i++) {
    const exponent = (i * i - i) / (2 * noise * noise);
    total = logAdd(total, binomial + i * Math.log(q) + (order - i) * Math.log1p(-q) + exponent);
    binomial += Math.log((order - i) / (i + 1));
  }
  return total;
}

/** The same for any order above 1: two series, left and right of where both densities weigh the same. */
function fractionalMoment(q: number, noise: number, order: number): number {
  const middle = noise * noise * Math.log(1 / q - 1) + 0.5;
  let [left, right] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let binomial = 1;
  for (let i = 0; ; i++) {
    const j = order - i;
    const size = Math.log(Math.abs(binomial));
    const term = (power: number, other: number, tail: number) =>
      size + power * Math.log(q) + other * Math.log1p(-q) + (power * power - power) / (2 * noise * noise) + tail;
    const below = term(i, j, logNormalCdf((middle - i) / noise));
    const above = term(j, i, logNormalCdf((j - middle) / noise));
    const join = binomial > 0 ? logAdd : logSubtract;
    left = join(left, below);
    right = join(right, above);
    if (Math.max(below, above) < NEGLIGIBLE && i > order) return logAdd(left, right);
    binomial *= (order - i) / (i + 1);
  }
}

/** Rényi divergence of one step at `order`, above 1; infinite without noise. */
export function renyiOf({ sampling, noise }: Omit<Mechanism, "steps">, order: number): number {
  if (sampling === 0) return 0;
  if (noise === 0) return Number.POSITIVE_INFINITY;
  if (sampling === 1) return order / (2 * noise * noise);
  const moment = Number.isInteger(order) ? wholeMoment : fractionalMoment;
  return moment(sampling, noise, order) / (order - 1);
}

/**
 * The smallest ε, 0 or more, for which mechanisms played one after the other are (ε, delta)-private, by Rényi accounting; infinite when one of
 * them has no noise. Throws RangeError on a number out of range.
 */
export function epsilonOf(mechanisms: readonly Mechanism[], delta: number, over: readonly number[] = orders): number {
  for (const { sampling, noise, steps } of mechanisms) {
    const fits = sampling >= 0 && sampling <= 1 && noise >= 0 && Number.isInteger(steps) && steps >= 0;
    if (!fits) {
      throw new RangeError(
        `a mechanism takes sampling from 0 to 1, noise and a whole number of steps of 0 or more, got ${sampling}, ${noise}, ${steps}`,
      );
    }
  }
  if (!(delta > 0 && delta < 1)) throw new RangeError(`delta is above 0 and below 1, got ${delta}`);
  const used = mechanisms.filter(({ steps }) => steps > 0);
  const bounds = over.map((order) => {
    const total = used.reduce((sum, each) => sum + each.steps * renyiOf(each, order), 0);
    return total + Math.log1p(-1 / order) - (Math.log(delta) + Math.log(order)) / (order - 1);
  });
  return Math.max(0, Math.min(...bounds));
}

/** The exact δ at `epsilon` of Gaussian noise without sampling (Balle and Wang 2018, theorem 8); `noise` above 0. */
export function gaussianDelta(epsilon: number, { noise, steps }: Omit<Mechanism, "sampling">): number {
  const mu = Math.sqrt(steps) / noise;
  return normalCdf(-epsilon / mu + mu / 2) - Math.exp(epsilon + logNormalCdf(-epsilon / mu - mu / 2));
}
