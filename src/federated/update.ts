// Arithmetic on updates: sums, norms and the distortion that a defense caused.
import { tensor } from "../math/tensor.js";
import type { Update } from "./hooks.js";

/** Euclidean norm over all tensors. */
export function updateNorm(update: Update): number {
  let total = 0;
  for (const { data } of update.values()) for (const value of data) total += value * value;
  return Math.sqrt(total);
}

/** `transform` applied to every entry; `position` counts entries over the whole update. */
export function mapUpdate(update: Update, transform: (value: number, position: number) => number): Update {
  let position = 0;
  return new Map(
    [...update].map(([name, { shape, data }]) => [
      name,
      tensor(
        shape,
        data.map((value) => transform(value, position++)),
      ),
    ]),
  );
}

/** Σ share · update. Throws RangeError when the updates hold different tensors. */
export function weightedSum(updates: readonly Update[], shares: readonly number[]): Update {
  const [first, ...others] = updates;
  if (!first) throw new RangeError("no update to aggregate: no client answered");
  return new Map(
    [...first].map(([name, { shape, data }]) => {
      const total = data.map((value) => value * shares[0]!);
      others.forEach((other, index) => {
        const added = other.get(name);
        if (added?.data.length !== data.length) throw new RangeError(`updates disagree on tensor "${name}"`);
        for (let i = 0; i < total.length; i++) total[i]! += added.data[i]! * shares[index + 1]!;
      });
      return [name, tensor(shape, total)];
    }),
  );
}

/** Bytes of an update sent as plain float32. */
export function plainBytes(update: Update): number {
  let count = 0;
  for (const { data } of update.values()) count += data.length;
  return 4 * count;
}

export interface Distortion {
  /** ‖after - before‖ / ‖before‖. */
  readonly relativeL2: number;
  /** Cosine of the angle between them; 0 when either vanishes. */
  readonly cosine: number;
  /** Share of entries with the same sign. */
  readonly signAgreement: number;
  /** Share of non-zero entries that stay non-zero. */
  readonly keptFraction: number;
  /** 20·log10(‖before‖ / ‖after - before‖); null when nothing changed. */
  readonly snrDb: number | null;
  /** True when every entry is equal (0 and -0 too): the defense did nothing. */
  readonly identity: boolean;
}

/** How far `after` is from `before`. Both must hold the same tensors. */
export function distortion(before: Update, after: Update): Distortion {
  let [dot, normBefore, normAfter, difference, signs, kept, nonZero, count] = [0, 0, 0, 0, 0, 0, 0, 0];
  let identity = true;
  for (const [name, { data }] of before) {
    const changed = after.get(name);
    if (changed?.data.length !== data.length)
      throw new RangeError(`the defended update lacks tensor "${name}" or resized it`);
    for (let i = 0; i < data.length; i++) {
      const [a, b] = [data[i]!, changed.data[i]!];
      dot += a * b;
      normBefore += a * a;
      normAfter += b * b;
      difference += (b - a) * (b - a);
      if (Math.sign(a) === Math.sign(b)) signs++;
      if (a !== 0) nonZero++;
      if (a !== 0 && b !== 0) kept++;
      if (a !== b && !(Number.isNaN(a) && Number.isNaN(b))) identity = false;
      count++;
    }
  }
  const product = Math.sqrt(normBefore) * Math.sqrt(normAfter);
  return {
    relativeL2: normBefore === 0 ? 0 : Math.sqrt(difference / normBefore),
    cosine: product === 0 ? 0 : dot / product,
    signAgreement: signs / count,
    keptFraction: nonZero === 0 ? 1 : kept / nonZero,
    snrDb: difference === 0 || normBefore === 0 ? null : 10 * Math.log10(normBefore / difference),
    identity,
  };
}
