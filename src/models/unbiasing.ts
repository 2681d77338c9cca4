// Batch statistics come biased, as BatchNorm normalises with them; running averages take the unbiased variance, as PyTorch does.
import type { Node } from "../engine/index.js";
import { sizeOf } from "../math/tensor.js";
import type { BatchStatistics } from "./define.js";

/** n / (n - 1) for the n values that the layer averaged per channel; infinite for one value, whose batch has no variance. */
export function unbiasing({ mean }: BatchStatistics): number {
  const sum = nearestSum([mean]);
  const values = sizeOf(sum.inputs[0]!.shape) / sizeOf(sum.shape);
  return values / (values - 1);
}

/** The sum that a mean was made of: a mean over no node of that kind is a broken model. */
function nearestSum(level: readonly Node[]): Node {
  const sum = level.find(({ op }) => op === "sum");
  if (sum) return sum;
  const deeper = level.flatMap(({ inputs }) => inputs);
  if (deeper.length === 0) throw new RangeError("a BatchNorm layer's mean is not made of a sum over its input");
  return nearestSum(deeper);
}
