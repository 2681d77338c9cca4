// Inverting Gradients: cosine distance plus total variation, Adam on the sign of the gradient, projection to the pixel box, multi-step
// decay. The best iterate is kept by objective, among restarts by the pure gradient distance.
import { z } from "zod";
import { createAdam } from "../../../math/adam.js";
import { multiStepDecay } from "../../../math/schedule.js";
import { oneHot } from "../../../models/loss.js";
import { defineAttack } from "../../define.js";
import { recoverLabels } from "../../labels/recover.js";
import { imitated } from "../../transforms/define.js";
import { createMatching } from "../matching.js";
import { modelRange, toPixels } from "../pixels.js";
import { totalVariation } from "../priors.js";
import { saturationNote } from "../saturation.js";

const options = z.object({
  iterations: z.int().min(1).default(2000).describe("signed Adam steps (authors: 4,800 to 24,000)"),
  learningRate: z.number().gt(0).default(0.1),
  tv: z
    .number()
    .min(0)
    .default(1e-3)
    .describe("weight of total variation (authors: 1e-6 to 1e-1 by model; re-tune per model)"),
  restarts: z.int().min(1).default(1).describe("independent starts; chosen by gradient distance"),
  init: z
    .enum(["grey", "normal"])
    .default("grey")
    .describe("`grey`: pixels 0.5 + 0.25·N(0,1); `normal`: N(0,1) in model space (authors)"),
  signed: z.boolean().default(true).describe("Adam on the sign of the gradient"),
  project: z.boolean().default(true).describe("clamp to the pixel range after every step"),
});

const PREVIEWS = 40;

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
      name: "convnet, batch 1, TV 1e-2, 1,000 steps",
      evidence: "measured",
      model: "convnet",
      batchSize: 1,
      labels: "known",
      options: { iterations: 1000, tv: 1e-2 },
      bar: { metric: "psnr", op: ">=", value: 22, share: 0.75 },
    },
    {
      name: "lenet-wide, batch 1, TV 1e-3, 1,000 steps",
      evidence: "measured",
      model: "lenet-wide",
      batchSize: 1,
      labels: "known",
      options: { iterations: 1000, tv: 1e-3 },
      bar: { metric: "psnr", op: ">=", value: 28, share: 0.75 },
    },
  ],
  async run({ observation: { updates, basicKnowledge, labels: known, knownDefense } }, chosen, context) {
    const round = updates.rounds[0]!;
    const { model } = round.payload;
    const { batchSize, normalization } = basicKnowledge;
    const labels = known ? { values: known, method: "known" } : recoverLabels(round, batchSize);
    const targets = oneHot(labels.values, model.classes);
    const shape = [batchSize, ...model.inputShape];
    const plane = shape[2]! * shape[3]!;
    const ranges = Array.from({ length: shape[1]! }, (_, channel) => modelRange(basicKnowledge, channel));
    const rangeOf = (index: number) => ranges[Math.floor(index / plane) % ranges.length]!;
    const matching = await createMatching({
      backend: context.backend,
      dtype: "float32",
      round,
      batchSize,
      distance: "cosine",
      knownDefense,
      labels: "fixed",
      priors: [{ weight: chosen.tv, term: totalVariation }],
    });

    const clamp = (x: Float32Array) => {
      for (let i = 0; i < x.length; i++) {
        const [low, high] = rangeOf(i);
        x[i] = Math.min(high, Math.max(low, x[i]!));
      }
    };
    const start = (restart: number): Float32Array => {
      const x = new Float32Array(matching.imageSize);
      const stream = context.random.split("restart", restart);
      if (chosen.init === "normal") stream.fillNormal(x, 0, 1);
      else {
        stream.fillNormal(x, 0.5, 0.25);
        for (let i = 0; i < x.length; i++) {
          const [low, high] = rangeOf(i);
          x[i] = low + (high - low) * Math.min(1, Math.max(0, x[i]!));
        }
      }
      return x;
    };

    /** One restart: its best iterate by objective. */
    const descend = async (restart: number) => {
      const x = start(restart);
      const adam = createAdam(x.length, { learningRate: chosen.learningRate });
      const best = { images: x.slice(), objective: Number.POSITIVE_INFINITY, distance: Number.POSITIVE_INFINITY };
      const curve: { iteration: number; loss: number }[] = [];
      let iteration = 0;
      for (; iteration < chosen.iterations && !context.outOfTime(); iteration++) {
        context.signal.throwIfAborted();
        const step = await matching.evaluate(x, targets);
        if (!Number.isFinite(step.objective)) break;
        if (step.objective < best.objective) {
          best.images.set(x);
          best.objective = step.objective;
          best.distance = step.distance;
        }
        if (iteration % Math.ceil(chosen.iterations / PREVIEWS) === 0) {
          curve.push({ iteration, loss: step.objective });
          context.progress({
            iteration: restart * chosen.iterations + iteration,
            total: chosen.restarts * chosen.iterations,
            loss: best.objective,
            image: toPixels(best.images, shape, normalization),
          });
        }
        const gradient = chosen.signed ? step.imageGradient.map(Math.sign) : step.imageGradient;
        adam.step(x, gradient, chosen.learningRate * multiStepDecay(iteration, chosen.iterations));
        if (chosen.project) clamp(x);
      }
      return { ...best, curve, iterations: iteration };
    };

    try {
      let chosenRun = await descend(0);
      let iterations = chosenRun.iterations;
      for (let restart = 1; restart < chosen.restarts && !context.outOfTime(); restart++) {
        const run = await descend(restart);
        iterations += run.iterations;
        if (run.distance < chosenRun.distance) chosenRun = run;
      }
      return {
        inputs: toPixels(chosenRun.images, shape, normalization),
        confidence: Array.from({ length: batchSize }, () => -chosenRun.distance),
        labels: { values: labels.values, method: labels.method },
        curve: chosenRun.curve,
        iterations,
        exhausted: context.outOfTime(),
        notes: [
          `final cosine distance ${chosenRun.distance.toExponential(2)}`,
          ...saturationNote(round),
          ...("warning" in labels && labels.warning ? [labels.warning] : []),
        ],
      };
    } finally {
      await matching.dispose();
    }
  },
});
