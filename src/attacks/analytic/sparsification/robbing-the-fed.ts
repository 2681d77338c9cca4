// Robbing the Fed: the server puts an imprint block in front of the model; each image that is alone in a bin comes back exactly as the
// quotient of differenced weight and bias gradients. Ours scales the block so that small nets do not saturate, and differences forward.
import { z } from "zod";
import { normalQuantile, quantile } from "../../../math/normal.js";
import { sizeOf, tensor } from "../../../math/tensor.js";
import { defineAttack } from "../../define.js";
import { modelRange, toPixels } from "../../optimization/pixels.js";
import { differenceRows, extractHits } from "../hits.js";
import { insertImprint, queryOf } from "../imprint.js";

const options = z.object({
  bins: z
    .int()
    .min(2)
    .default(256)
    .describe("rows of the block; n images expect n(1-1/bins)^(n-1) recovered (authors: 64)"),
  edges: z
    .enum(["normal", "empirical"])
    .default("normal")
    .describe("bin edges: quantiles of a normal fit to the surrogate's brightness, or its own quantiles"),
  threshold: z
    .number()
    .gt(0)
    .default(1e-6)
    .describe("bins with a smaller share of the largest bias gradient count as empty"),
});

interface Brightness {
  readonly mean: number;
  readonly deviation: number;
  readonly sorted: Float64Array;
}

interface Secret {
  readonly weight: string;
  readonly bias: string;
}

export default defineAttack({
  id: "robbing-the-fed",
  title: "Robbing the Fed",
  summary: "A malicious server inserts a layer that sorts images into bins; images alone in a bin come back exactly.",
  paper: {
    authors: "Fowl, Geiping, Czaja, Goldblum, Goldstein",
    title: "Robbing the Fed: Directly Obtaining Private Data in Federated Learning with Modified Models",
    year: 2022,
    venue: "ICLR",
    seedRef: 18,
    url: "https://arxiv.org/abs/2110.13057",
  },
  category: "analytic/sparsification",
  needs: ["updates", "basicKnowledge", "trainingDetails", "surrogateData", "activeManipulation"],
  works: { algorithms: ["FedSGD"], modalities: ["image"], maxBatch: 256 },
  options,
  control: { model: "convnet", batchSize: 8, seed: 1, options: {}, bar: 60 },
  proofs: [
    {
      id: "imprint",
      claim: "convnet, batch 32, 256 bins: the images alone in a bin come back",
      quick: true,
      seeds: 5,
      setting: { model: "convnet", batchSize: 32, labels: "recovered", data: { source: "portraits" } },
      arms: { attack: { options: { bins: 256 } } },
      bars: [{ arm: "attack", metric: "psnr", over: { share: 0.847 }, op: ">=", value: 60, evidence: "derived" }],
    },
  ],
  async prepare({ surrogate }): Promise<Brightness> {
    const size = surrogate.inputs.data.length / surrogate.labels.length;
    const sorted = Float64Array.from(surrogate.labels, (_, row) =>
      queryOf(surrogate.inputs.data.subarray(row * size, (row + 1) * size)),
    ).sort();
    const mean = queryOf(sorted);
    const variance = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / sorted.length;
    return { mean, deviation: Math.sqrt(variance), sorted };
  },
  async arm({ payload, prepared: { mean, deviation, sorted } }, { bins, edges }) {
    // The first bin is open below: no image is darker than this.
    const lowest = mean - 100 * deviation;
    const cuts = Float64Array.from({ length: bins }, (_, i) => {
      if (i === 0) return lowest;
      return edges === "normal" ? mean + deviation * normalQuantile(i / bins) : quantile(sorted, i / bins);
    });
    const imprint = insertImprint(payload, cuts);
    const secret: Secret = { weight: imprint.weight, bias: imprint.bias };
    return { secret, payload: () => imprint.payload };
  },
  async run({ observation: { updates, basicKnowledge }, secret }, { threshold }) {
    const { payload, view } = updates.rounds[0]!;
    const shape = payload.model.inputShape;
    const plane = shape[1] * shape[2];
    const rows = differenceRows(view.update.get(secret.weight)!.data, view.update.get(secret.bias)!.data);
    const hits = extractHits(rows.weight, rows.bias, {
      range: (position) => modelRange(basicKnowledge, Math.floor(position / plane)),
      threshold,
    });
    const data = new Float64Array(hits.length * sizeOf(shape));
    hits.forEach(({ input }, index) => {
      data.set(input, index * input.length);
    });
    return {
      inputs:
        hits.length === 0
          ? tensor([0, ...shape], data)
          : toPixels(data, [hits.length, ...shape], basicKnowledge.normalization),
      confidence: hits.map(({ validity }) => validity),
      curve: [],
      iterations: 1,
      exhausted: false,
      notes: [`${hits.length} of ${rows.bias.length} bins gave a candidate inside the pixel range`],
    };
  },
});
