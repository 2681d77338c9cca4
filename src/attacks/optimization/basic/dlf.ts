// Data leakage in federated averaging: all local epochs simulated from the broadcast weights and differentiated, pictures of their own for every
// epoch, as the order of mini-batches is unknown, held together by an order-invariant prior and merged in the end (spec 2.6). The weight of the
// distance is constant here; the authors let it fall to half, which to Adam is priors that double.
import { z } from "zod";
import { mul, type Node } from "../../../engine/index.js";
import { oneHot, traceLoss } from "../../../models/loss.js";
import { miniBatches, traceLocalTraining } from "../../../models/unroll.js";
import type { FedAvgDetails, ObservedRound, TrainingDetails } from "../../../threat/observation.js";
import { defineAttack } from "../../define.js";
import { batchLabels, labelOptions } from "../../labels/batch-labels.js";
import { imitated } from "../../transforms/define.js";
import { descend } from "../descent.js";
import { type Distance, fallingByLayer, weightedL2 } from "../distances.js";
import { createMatching, squaredSum } from "../matching.js";
import { pixelBox } from "../pixel-box.js";
import { toPixels } from "../pixels.js";
import { mergeEpochs, spreadLabels } from "./dlf-epochs.js";
import { byEpoch, circularVariation, epochOrder, excess, randomFeatures } from "./dlf-priors.js";
import { dlfProofs } from "./dlf-proofs.js";

const options = z.object({
  iterations: z.int().min(1).default(300).describe("Adam steps (authors: 400)"),
  learningRate: z.number().gt(0).default(0.05).describe("of Adam (authors: 0.1 on CIFAR-100, 0.4 on FEMNIST)"),
  decay: z.number().gt(0).max(1).default(0.997).describe("factor on it per 20 steps"),
  layerWeights: z
    .enum(["exponential", "equal"])
    .default("exponential")
    .describe("how much each layer counts in the distance; `exponential`: e times less from layer to layer"),
  tv: z.number().min(0).default(0.5).describe("weight of circular squared variation (authors: 2e-4, under other nets)"),
  clip: z.number().min(0).default(10).describe("weight of what lies outside the pixel range"),
  prior: z
    .number()
    .min(0)
    .default(300)
    .describe("weight of the order-invariant prior, which makes epochs hold the same pictures; 0 switches it off"),
  view: z
    .enum(["features", "pixels"])
    .default("features")
    .describe("what the prior compares the mean of: 96 random 3x3 filters with ReLU, or pixels"),
  epochs: z
    .enum(["separate", "shared"])
    .default("separate")
    .describe("pictures of their own for every epoch, or one set, as if all epochs had one order"),
  unroll: z
    .enum(["full", "single"])
    .default("full")
    .describe("`single` takes the update for one gradient times learning rate and steps"),
  ...labelOptions,
});

export default defineAttack({
  id: "dlf",
  title: "Data Leakage in Federated Averaging",
  summary: "Simulates all local epochs of a client and changes its pictures until they lead to the same update.",
  paper: {
    authors: "Dimitrov, Balunović, Konstantinov, Vechev",
    title: "Data Leakage in Federated Averaging",
    year: 2022,
    venue: "TMLR",
    seedRef: 13,
    url: "https://arxiv.org/abs/2206.12395",
  },
  category: "optimization/basic",
  needs: ["updates", "basicKnowledge", "trainingDetails"],
  works: { algorithms: ["FedAvg"], modalities: ["image"], maxBatch: 100, modes: ["eval", "train"] },
  adaptsTo: imitated,
  options,
  control: {
    model: "lenet-wide",
    batchSize: 1,
    seed: 1,
    federation: { algorithm: "FedAvg", samples: 2, localEpochs: 3, learningRate: 0.02 },
    options: {},
    bar: 18,
  },
  proofs: dlfProofs,
  async run({ observation }, chosen, context) {
    const { updates, basicKnowledge, trainingDetails, knownDefense } = observation;
    const details = localDetails(trainingDetails);
    const round = updates.rounds[0]!;
    const { model } = round.payload;
    const { sampleCount: count, batchSize, learningRate, steps, localEpochs, mode } = details;
    const single = chosen.unroll === "single";
    const copies = single || chosen.epochs === "shared" ? 1 : localEpochs;
    const labels = await batchLabels(observation, chosen, context);
    const simulate = (x: Node, probabilities: Node): readonly Node[] => {
      if (single) {
        const { gradients } = traceLoss(model, x, probabilities, { mode });
        return gradients.map((gradient) => mul(learningRate * steps, gradient));
      }
      const targets = byEpoch(probabilities, copies);
      const batches = byEpoch(x, copies).flatMap((images, epoch) => miniBatches(images, targets[epoch]!, batchSize));
      return traceLocalTraining(model, batches, { ...details, epochs: localEpochs / copies }).update;
    };
    const names = model.parameters.map(({ name }) => name);
    const weighted = weightedL2(chosen.layerWeights === "equal" ? names.map(() => 1) : fallingByLayer(names));
    // Of updates divided by the learning rate, per mini-batch of an epoch: the authors' scale.
    const scale = 1 / (learningRate ** 2 * Math.ceil(count / batchSize));
    const distance: Distance = (gradients, targets) => mul(scale, weighted(gradients, targets));
    const view =
      chosen.view === "features" ? randomFeatures(context.random.split("view"), model.inputShape[0]) : undefined;
    const matching = await createMatching({
      backend: context.backend,
      dtype: "float32",
      round,
      batchSize: copies * count,
      distance,
      labels: "fixed",
      simulate,
      knownDefense,
      priors: [
        { weight: chosen.tv, term: circularVariation },
        { weight: chosen.clip, term: (x) => excess(x, basicKnowledge) },
        { weight: copies > 1 ? chosen.prior : 0, term: (x) => epochOrder(x, copies, view) },
      ],
    });
    const shape = [count, ...model.inputShape];
    const pixels = (images: Float32Array) => toPixels(images, shape, basicKnowledge.normalization);
    const box = pixelBox(basicKnowledge, [copies * count, ...model.inputShape]);
    const places = spreadLabels(labels.values, batchSize);
    const targets = oneHot(Array.from({ length: copies }, () => places).flat(), model.classes);
    try {
      const found = await descend(
        matching,
        targets,
        {
          iterations: chosen.iterations,
          learningRate: chosen.learningRate,
          restarts: 1,
          signed: false,
          decay: (iteration) => chosen.decay ** (iteration / 20),
          start: () => box.grey(matching.imageSize, context.random.split("start")),
          project: () => {},
          preview: (images) => pixels(mergeEpochs(images, copies, count).images),
        },
        context,
      );
      const merged = mergeEpochs(found.images, copies, count);
      return {
        inputs: pixels(merged.images),
        confidence: merged.spread.map((spread) => -spread),
        labels: { values: labels.values, method: labels.method },
        curve: found.curve,
        iterations: found.iterations,
        exhausted: context.outOfTime(),
        notes: [
          `final distance ${found.distance.toExponential(2)}`,
          movedNote(round),
          ...(labels.warning ? [labels.warning] : []),
        ],
      };
    } finally {
      await matching.dispose();
    }
  },
});

function localDetails(details: TrainingDetails): FedAvgDetails {
  if (details.algorithm === "FedAvg") return details;
  throw new RangeError(`dlf simulates local training (FedAvg), got training details of ${details.algorithm}`);
}

/** Relative length of the way that local training went; below this, the update says hardly more than one gradient. */
const NEAR = 1e-2;

function movedNote({ payload: { model, weights }, view: { update } }: ObservedRound): string {
  const squares = (held: typeof weights) =>
    model.parameters.reduce((total, { name }) => total + squaredSum(held.get(name)!.data), 0);
  const moved = Math.sqrt(squares(update) / squares(weights));
  const meaning = moved < NEAR ? ": so little that one gradient at the start says nearly the same" : "";
  return `local training moved the weights by ${moved.toExponential(1)} of their length${meaning}`;
}
