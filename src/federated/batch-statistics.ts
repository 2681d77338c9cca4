// BatchNorm's running statistics as PyTorch keeps them: after a batch, running ← 0.9 · running + 0.1 · batch, the variance without bias.
import { tensor } from "../math/tensor.js";
import type { Model, Weights } from "../models/define.js";
import { weightedSum } from "./update.js";

const MOMENTUM = 0.1;

/** What a BatchNorm layer saw of a client's data, per channel. */
export interface LayerStatistics {
  readonly mean: Float64Array;
  /** Unbiased, as running averages take it. */
  readonly variance: Float64Array;
}

/** By the name of the layer. */
export type Statistics = ReadonlyMap<string, LayerStatistics>;

/** Weights whose buffers have moved towards what a training step saw. Throws RangeError where a layer has no running statistics. */
export function moveBuffers(model: Model, weights: Weights, seen: Statistics): Weights {
  if (seen.size === 0) return weights;
  const moved = new Map(weights);
  for (const [layer, values] of seen) {
    for (const [part, batch] of [
      [/mean/, values.mean],
      [/var/, values.variance],
    ] as const) {
      const name = bufferOf(model, layer, part);
      const { shape, data } = weights.get(name)!;
      moved.set(
        name,
        tensor(
          shape,
          data.map((value, channel) => (1 - MOMENTUM) * value + MOMENTUM * batch[channel]!),
        ),
      );
    }
  }
  return moved;
}

function bufferOf({ id, buffers }: Model, layer: string, part: RegExp): string {
  const buffer = buffers.find(({ name }) => name.startsWith(`${layer}.`) && part.test(name.slice(layer.length)));
  if (!buffer) {
    const names = buffers.map(({ name }) => name).join(", ");
    throw new RangeError(
      `model ${id}: BatchNorm layer "${layer}" has no running statistics that match ${part.source} among ${names || "no buffers"}; ` +
        'train it in mode "eval"',
    );
  }
  return buffer.name;
}

/** The model's buffers alone. */
export const buffersIn = (model: Model, weights: Weights): Weights =>
  new Map(model.buffers.map(({ name }) => [name, weights.get(name)!]));

/** Weights whose buffers are the clients' in these shares; as they are when no client sent any. */
export function averageBuffers(weights: Weights, sent: readonly Weights[], shares: readonly number[]): Weights {
  if (sent.length === 0) return weights;
  return new Map([...weights, ...weightedSum(sent, shares)]);
}

/** Mean over local steps of what the layers saw, for adversaries who know the distribution of a client's data. */
export function meanStatistics(steps: readonly Statistics[]): Statistics {
  const [first] = steps;
  if (!first) return new Map();
  const mean = (layer: string, part: keyof LayerStatistics) =>
    first
      .get(layer)!
      [part].map((_, channel) => steps.reduce((sum, step) => sum + step.get(layer)![part][channel]!, 0) / steps.length);
  return new Map(
    [...first.keys()].map((layer) => [layer, { mean: mean(layer, "mean"), variance: mean(layer, "variance") }]),
  );
}
