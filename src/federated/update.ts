// Arithmetic on updates: sums, norms and the distortion that a defense caused.
import { sizeOf, type Tensor, tensor } from "../math/tensor.js";
import type { Model, Weights } from "../models/define.js";
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
export function weightedSum(updates: readonly ReadonlyMap<string, Tensor>[], shares: readonly number[]): Update {
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

/** Weights minus rate · update; whatever the update does not hold in that size, buffers first of all, stays as it is. */
export function descend(weights: Weights, update: Update, rate: number): Weights {
  return new Map(
    [...weights].map(([name, { shape, data }]) => {
      const step = update.get(name)?.data;
      if (step?.length !== data.length) return [name, { shape, data }];
      return [
        name,
        tensor(
          shape,
          data.map((value, i) => value - rate * step[i]!),
        ),
      ];
    }),
  );
}

/** scale · left + right for every tensor of `right`. */
export function addScaled(scale: number, left: ReadonlyMap<string, Tensor>, right: Update): Update {
  return new Map(
    [...right].map(([name, { shape, data }]) => {
      const other = left.get(name)!.data;
      return [
        name,
        tensor(
          shape,
          data.map((value, i) => scale * other[i]! + value),
        ),
      ];
    }),
  );
}

/** The pseudo-gradient w_global - w_local of the model's parameters. */
export const pseudoGradient = ({ parameters }: Model, global: Weights, local: Weights): Update =>
  addScaled(-1, local, new Map(parameters.map(({ name }) => [name, global.get(name)!])));

/** An update that changes nothing. */
export const zeroUpdate = ({ parameters }: Model): Update =>
  new Map(parameters.map(({ name, shape }) => [name, tensor(shape, new Float32Array(sizeOf(shape)))]));

/** True when all hold the same tensors in the same sizes, so that they can be added. */
export function addable(updates: readonly Update[]): boolean {
  const [first, ...others] = updates;
  return others.every(
    (other) =>
      other.size === first!.size &&
      [...first!].every(([name, { data }]) => other.get(name)?.data.length === data.length),
  );
}

/** Bytes of an update sent as plain float32. */
export function plainBytes(update: ReadonlyMap<string, Tensor>): number {
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

/** Means over several distortions (at least one); nothing changed where nothing changed in any. */
export function meanDistortion(all: readonly Distortion[]): Distortion {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const ratios = all.flatMap(({ snrDb }) => (snrDb === null ? [] : [snrDb]));
  return {
    relativeL2: mean(all.map(({ relativeL2 }) => relativeL2)),
    cosine: mean(all.map(({ cosine }) => cosine)),
    signAgreement: mean(all.map(({ signAgreement }) => signAgreement)),
    keptFraction: mean(all.map(({ keptFraction }) => keptFraction)),
    snrDb: ratios.length > 0 ? mean(ratios) : null,
    identity: all.every(({ identity }) => identity),
  };
}
