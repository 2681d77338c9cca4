// Small-gradient pruning (top-k sparsification), spec/defenses.md 5a: only the largest entries by magnitude are sent.
import { z } from "zod";
import { mapUpdate } from "../../federated/update.js";
import { type FloatArray, tensor } from "../../math/tensor.js";
import { defineDefense } from "../define.js";

/** Entries that are kept of `size`: ceil(keep·size), without the rounding that makes 0.07·100 more than 7. */
const keptCount = (keep: number, size: number) => Math.ceil(keep * size * (1 - 1e-12));

/** Exactly `count` entries of largest magnitude; ties go to the lower index. */
function keepLargest(data: FloatArray, count: number): FloatArray {
  const order = Uint32Array.from(data, (_, i) => i).sort((a, b) => Math.abs(data[b]!) - Math.abs(data[a]!) || a - b);
  const kept = data.slice().fill(0);
  for (const index of order.subarray(0, count)) kept[index] = data[index]!;
  return kept;
}

/** Bytes of `kept` of `total` float32 values with the cheaper of a bitmap and 32-bit indices. */
const sparseBytes = (kept: number, total: number) => 4 * kept + Math.min(4 * kept, Math.ceil(total / 8));

export default defineDefense({
  id: "top-k",
  title: "Top-k sparsification",
  summary: "Sends only the entries of the update with the largest magnitude.",
  source: "gradient pruning of Zhu et al. 2019; per tensor as in Soteria, GGL and ROG (read in code)",
  at: "update",
  family: "heuristic",
  stage: "sparsification",
  needs: [],
  randomness: "none",
  options: z.object({
    keep: z.number().gt(0).lte(1).default(0.01).describe("share of entries that is sent"),
    scope: z
      .enum(["tensor", "global"])
      .default("tensor")
      .describe("rank entries within each tensor or over the whole update"),
  }),
  advice: "send only the largest entries of every update",
  inFrameworks: {
    Flower: "no ready part; a client mod can keep the largest entries of the change before it returns the reply",
    PyTorch: "no ready part; torch.topk on the magnitudes of every tensor finds the entries to keep",
    "NVIDIA FLARE":
      "PercentilePrivacy(percentile, gamma) among the client's result filters: entries below the percentile become 0, the others are also cut off at gamma",
  },
  hooks: ({ keep, scope }) => ({
    beforeUpload: (message) => {
      const sizes = [...message.update.values()].map(({ data }) => data.length);
      const total = sizes.reduce((sum, size) => sum + size, 0);
      if (scope === "tensor") {
        const update = new Map(
          [...message.update].map(([name, { shape, data }]) => [
            name,
            tensor(shape, keepLargest(data, keptCount(keep, data.length))),
          ]),
        );
        const kept = sizes.reduce((sum, size) => sum + keptCount(keep, size), 0);
        return { ...message, update, bytes: sparseBytes(kept, total) };
      }
      const flat = Float64Array.from([...message.update.values()].flatMap(({ data }) => [...data]));
      const kept = keepLargest(flat, keptCount(keep, total));
      const update = mapUpdate(message.update, (_, position) => kept[position]!);
      return { ...message, update, bytes: sparseBytes(keptCount(keep, total), total) };
    },
  }),
});
