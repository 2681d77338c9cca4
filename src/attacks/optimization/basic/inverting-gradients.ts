// Inverting Gradients: cosine distance plus total variation, Adam on the sign of the gradient, projection to the pixel box, multi-step
// decay. The best iterate is kept by objective, among restarts by the pure gradient distance.
import { z } from "zod";
import { totalVariation } from "../../../engine/index.js";
import { oneHot } from "../../../models/loss.js";
import { defineAttack } from "../../define.js";
import { batchLabels, labelOptions } from "../../labels/batch-labels.js";
import { imitated } from "../../transforms/define.js";
import { descend } from "../descent.js";
import { createMatching } from "../matching.js";
import { pixelBox } from "../pixel-box.js";
import { toPixels } from "../pixels.js";
import { saturationNote } from "../saturation.js";
import { startsAtOnce } from "../starts.js";

const options = z.object({
  iterations: z.int().min(1).default(2000).describe("signed Adam steps (authors: 4,800 to 24,000)"),
  learningRate: z.number().gt(0).default(0.1),
  tv: z
    .number()
    .min(0)
    .default(1e-3)
    .describe("weight of total variation (authors: 1e-6 to 1e-1 by model; re-tune per model)"),
  restarts: z.int().min(1).default(1).describe("independent starts; chosen by gradient distance"),
  startsAtOnce,
  init: z
    .enum(["grey", "normal"])
    .default("grey")
    .describe("`grey`: pixels 0.5 + 0.25·N(0,1); `normal`: N(0,1) in model space (authors)"),
  signed: z.boolean().default(true).describe("Adam on the sign of the gradient"),
  project: z.boolean().default(true).describe("clamp to the pixel range after every step"),
  ...labelOptions,
});

export default defineAttack({
  id: "inverting-gradients",
  title: "Inverting Gradients",
  summary: "Matches the direction of the gradient with a smooth image, step by step.",
  paper: {
    authors: "Geiping, Bauermeister, Dröge, Moeller",
    title: "Inverting Gradients: How easy is it to break privacy in federated learning?",
    year: 2020,
    venue: "NeurIPS",
    seedRef: 21,
    url: "https://arxiv.org/abs/2003.14053",
  },
  category: "optimization/basic",
  needs: ["updates", "basicKnowledge"],
  works: { algorithms: ["FedSGD"], modalities: ["image"], maxBatch: 100 },
  adaptsTo: imitated,
  options,
  control: { model: "convnet", batchSize: 1, seed: 1, options: { iterations: 600, tv: 1e-2 }, bar: 20 },
  proofs: [
    {
      id: "convnet",
      claim: "convnet, batch 1: recognisable with total variation of 1e-2",
      seeds: 4,
      setting: { model: "convnet", batchSize: 1, labels: "known" },
      arms: { attack: { options: { iterations: 1000, tv: 1e-2 } } },
      bars: [{ arm: "attack", metric: "psnr", over: { share: 0.75 }, op: ">=", value: 22, evidence: "measured" }],
    },
    {
      id: "lenet-wide",
      claim: "lenet-wide, batch 1: the image comes back with total variation of 1e-3",
      quick: true,
      seeds: 4,
      setting: { model: "lenet-wide", batchSize: 1, labels: "known" },
      arms: { attack: { options: { iterations: 1000, tv: 1e-3 } } },
      bars: [{ arm: "attack", metric: "psnr", over: { share: 0.75 }, op: ">=", value: 28, evidence: "measured" }],
    },
  ],
  async run({ observation }, chosen, context) {
    const { updates, basicKnowledge, knownDefense } = observation;
    const round = updates.rounds[0]!;
    const { model } = round.payload;
    const { batchSize, normalization } = basicKnowledge;
    const shape = [batchSize, ...model.inputShape];
    const labels = await batchLabels(observation, chosen, context);
    const box = pixelBox(basicKnowledge, shape);
    const matching = await createMatching({
      backend: context.backend,
      dtype: "float32",
      round,
      batchSize,
      distance: "cosine",
      knownDefense,
      labels: "fixed",
      priors: [{ weight: chosen.tv, term: totalVariation }],
      restarts: Math.min(chosen.startsAtOnce, chosen.restarts),
      ghost: true,
    });
    const start = (restart: number) => {
      const stream = context.random.split("restart", restart);
      if (chosen.init === "grey") return box.grey(matching.imageSize, stream);
      const x = new Float32Array(matching.imageSize);
      stream.fillNormal(x, 0, 1);
      return x;
    };
    const pixels = (images: Float32Array) => toPixels(images, shape, normalization);
    try {
      const found = await descend(
        matching,
        oneHot(labels.values, model.classes),
        { ...chosen, start, project: chosen.project ? box.clamp : () => {}, preview: pixels },
        context,
      );
      return {
        inputs: pixels(found.images),
        confidence: Array.from({ length: batchSize }, () => -found.distance),
        labels: { values: labels.values, method: labels.method },
        curve: found.curve,
        otherCurves: found.otherCurves,
        iterations: found.iterations,
        exhausted: context.outOfTime(),
        notes: [
          `final cosine distance ${found.distance.toExponential(2)}`,
          ...saturationNote(round),
          ...(labels.warning ? [labels.warning] : []),
        ],
      };
    } finally {
      await matching.dispose();
    }
  },
});
