// Fixed-point numbers for sums modulo 2^32 (spec/defenses.md section 3, encoding): [-bound, bound] becomes 0 to `levels`, with stochastic
// rounding so that sums are right on average. As many levels as n summands allow, where Flower takes 2^22 whatever n is.
import type { Random } from "../../math/random.js";

export interface FixedPoint {
  /** Largest absolute value; what is beyond is cut off. */
  readonly bound: number;
  readonly levels: number;
}

const MODULUS = 2 ** 32;

/** The finest encoding of numbers within ±bound of which `summands` can be added without wrapping around. */
export const fixedPointFor = (bound: number, summands: number): FixedPoint => ({
  bound,
  levels: Math.floor((MODULUS - 1) / summands),
});

/** Distance of two neighbouring values, twice the mean error of one rounding. */
export const stepOf = ({ bound, levels }: FixedPoint): number => (2 * bound) / levels;

export function encode(values: ArrayLike<number>, { bound, levels }: FixedPoint, random: Random): Uint32Array {
  const scale = levels / (2 * bound);
  const encoded = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const exact = (Math.min(bound, Math.max(-bound, values[i]!)) + bound) * scale;
    encoded[i] = Math.min(levels, Math.floor(exact + random.uint32() / MODULUS));
  }
  return encoded;
}

/** The sum of what `summands` encoded numbers stand for. */
export function decodeSum(sum: Uint32Array, summands: number, format: FixedPoint): Float64Array {
  const step = stepOf(format);
  return Float64Array.from(sum, (value) => value * step - summands * format.bound);
}
