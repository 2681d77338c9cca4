// How much of a batch's label counts an attack recovered: 1 - sum over classes |recovered - true| / (2 N)
// (spec/metrics.md section 4, as in breaching). Counts, not positions: order inside a batch is lost in averaging.
import type { MetricValue } from "./define.js";

/**
 * Share of label counts recovered, 0 to 1. Null for an empty batch, and when the numbers of labels differ, because the
 * formula would then credit missing labels.
 */
export function labelAccuracy(recovered: readonly number[], truth: readonly number[]): MetricValue {
  if (truth.length === 0) return { value: null, reason: "the batch has no labels" };
  if (recovered.length !== truth.length) {
    return { value: null, reason: `${recovered.length} labels were recovered for a batch of ${truth.length}` };
  }
  const excess = new Map<number, number>();
  for (const label of recovered) excess.set(label, (excess.get(label) ?? 0) + 1);
  for (const label of truth) excess.set(label, (excess.get(label) ?? 0) - 1);
  let difference = 0;
  for (const count of excess.values()) difference += Math.abs(count);
  return { value: 1 - difference / (2 * truth.length) };
}
