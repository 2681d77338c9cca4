// Robbing the Fed: the server puts an imprint block in front of the model; each image that is alone in a bin comes back exactly as the
// quotient of differenced weight and bias gradients. Ours scales the block so that small nets do not saturate, and differences forward.
import { z } from "zod";
import { defineAttack } from "../../define.js";
import { distributionOf, edgeAt, queriesOf } from "../bins.js";
import { claimHits, differenceRows, extractHits, imageRange } from "../hits.js";
import { insertImprint } from "../imprint.js";

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
  async prepare({ surrogate }) {
    return distributionOf(queriesOf(surrogate.inputs.data, surrogate.labels.length));
  },
  async arm({ payload, prepared }, { bins, edges }) {
    // The first bin is open below: no image is darker than this.
    const lowest = prepared.mean - 100 * prepared.deviation;
    const cuts = Float64Array.from({ length: bins }, (_, i) => (i === 0 ? lowest : edgeAt(prepared, i / bins, edges)));
    const imprint = insertImprint(payload, cuts);
    const secret: Secret = { weight: imprint.weight, bias: imprint.bias };
    return { secret, payload: () => imprint.payload };
  },
  async run({ observation: { updates, basicKnowledge }, secret }, { threshold }) {
    const round = updates.rounds[0]!;
    const { update } = round.view;
    const rows = differenceRows(update.get(secret.weight)!.data, update.get(secret.bias)!.data);
    const range = imageRange(basicKnowledge, round.payload.model.inputShape);
    const hits = extractHits(rows.weight, rows.bias, { range, threshold });
    return claimHits(hits, round, basicKnowledge, [
      `${hits.length} of ${rows.bias.length} bins gave a candidate inside the pixel range`,
    ]);
  },
});
