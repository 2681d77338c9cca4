// Temporal gradient inversion with robust optimisation, reconstructed from its abstract (spec/attacks-optimization.md 2.12): several rounds of
// the same images, whose gradient directions are aggregated robustly; Adam on the sign of the aggregate, projection to the pixel box.
import { z } from "zod";
import { totalVariation } from "../../../engine/index.js";
import { oneHot } from "../../../models/loss.js";
import { defineAttack } from "../../define.js";
import { labelOptions } from "../../labels/batch-labels.js";
import { imitated } from "../../transforms/define.js";
import { descend } from "../descent.js";
import { pixelBox } from "../pixel-box.js";
import { toPixels } from "../pixels.js";
import { type RoundAggregationName, roundAggregations } from "./round-aggregation.js";
import { voteLabels } from "./round-labels.js";
import { distanceNotes, replaceByNoise } from "./round-validity.js";
import { createRoundsMatching } from "./rounds-matching.js";
import { tgiasProofs } from "./tgias-ro-proofs.js";

const aggregations = Object.keys(roundAggregations) as [RoundAggregationName, ...RoundAggregationName[]];

const options = z.object({
  iterations: z.int().min(1).default(600).describe("signed Adam steps, each over all rounds"),
  learningRate: z.number().gt(0).default(0.1),
  aggregate: z
    .enum(aggregations)
    .default("loss-trimmed")
    .describe("how the rounds' directions become one; `loss-trimmed` drops the rounds that match worst"),
  keep: z.number().gt(0).max(1).default(0.7).describe("share of the rounds that is taken for right"),
  rounds: z.int().min(1).optional().describe("uses the first so many rounds only; default: all that were observed"),
  tv: z.number().min(0).default(0).describe("weight of total variation; 0: no prior, as the authors"),
  noiseRounds: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe(
      "share of the rounds that the attack itself replaces by noise of equal size before it starts: measures robustness",
    ),
  ...labelOptions,
});

export default defineAttack({
  id: "tgias-ro",
  title: "Temporal Gradient Inversion with Robust Optimisation",
  summary:
    "Matches the gradients of several rounds of the same images at once, and leaves out the rounds that do not fit.",
  paper: {
    authors: "Li, Gu, Chen, Li, Wu, Ruan, Si, Fan",
    title: "Temporal Gradient Inversion Attacks with Robust Optimization",
    year: 2025,
    venue: "IEEE TDSC",
    seedRef: 41,
    url: "https://arxiv.org/abs/2306.07883",
  },
  category: "optimization/basic",
  reconstructed: "from the abstract; how rounds are aggregated, and which one is kept, was decided by measurement here",
  needs: ["updates", "basicKnowledge"],
  works: { algorithms: ["FedSGD"], modalities: ["image"], maxBatch: 128, rounds: "several" },
  adaptsTo: imitated,
  options,
  control: {
    model: "lenet-wide",
    batchSize: 1,
    seed: 1,
    federation: { rounds: 3, batches: "fixed", learningRate: 0.01 },
    options: { iterations: 200 },
    bar: 20,
  },
  proofs: tgiasProofs,
  async run({ observation }, chosen, context) {
    const { updates, basicKnowledge } = observation;
    const used = updates.rounds.slice(0, chosen.rounds ?? updates.rounds.length);
    const { rounds, replaced } = replaceByNoise(used, chosen.noiseRounds, context.random.split("noise rounds"));
    const { model } = rounds[0]!.payload;
    const { batchSize, normalization } = basicKnowledge;
    const shape = [batchSize, ...model.inputShape];
    const labels = await voteLabels({ ...observation, updates: { rounds } }, chosen, context);
    const box = pixelBox(basicKnowledge, shape);
    const matching = await createRoundsMatching({
      backend: context.backend,
      dtype: "float32",
      rounds,
      batchSize,
      distance: "cosine",
      knownDefense: observation.knownDefense,
      priors: [{ weight: chosen.tv, term: totalVariation }],
      ghost: true,
      aggregate: roundAggregations[chosen.aggregate],
      trusted: Math.max(1, Math.round(chosen.keep * rounds.length)),
    });
    const pixels = (images: Float32Array) => toPixels(images, shape, normalization);
    const targets = oneHot(labels.values, model.classes);
    try {
      const found = await descend(
        matching,
        targets,
        {
          iterations: chosen.iterations,
          learningRate: chosen.learningRate,
          restarts: 1,
          signed: true,
          start: () => box.grey(matching.imageSize, context.random.split("restart", 0)),
          project: box.clamp,
          preview: pixels,
        },
        context,
      );
      const distances = await matching.distances(found.images, targets);
      return {
        inputs: pixels(found.images),
        confidence: Array.from({ length: batchSize }, () => -found.distance),
        labels: { values: labels.values, method: labels.method },
        curve: found.curve,
        iterations: found.iterations,
        exhausted: context.outOfTime(),
        notes: [
          ...distanceNotes(rounds, distances),
          ...(replaced.length > 0 ? [`rounds ${replaced.join(", ")} were replaced by noise, as asked`] : []),
          ...(labels.warning ? [labels.warning] : []),
        ],
      };
    } finally {
      await matching.dispose();
    }
  },
});
