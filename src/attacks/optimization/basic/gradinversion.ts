// GradInversion: several seeds match the gradient together; batch statistics, total variation and size keep pictures natural, and each seed is
// drawn to what all agree on (Yin et al. 2021, notes of the paper; spec/attacks-optimization.md 2.4).
import { z } from "zod";
import { add, l2Norm, mul, type Node, sqrt, square, sub, sum, totalVariation } from "../../../engine/index.js";
import { createAdam } from "../../../math/adam.js";
import { sizeOf, tensor } from "../../../math/tensor.js";
import { type Model, parameterInputs } from "../../../models/define.js";
import { oneHot, traceLoss } from "../../../models/loss.js";
import { unbiasing } from "../../../models/unbiasing.js";
import type { Grants } from "../../../threat/observation.js";
import { type AttackContext, defineAttack, type LossCurve } from "../../define.js";
import { batchLabels, labelOptions } from "../../labels/batch-labels.js";
import type { Distance } from "../distances.js";
import { createMatching, type Matching } from "../matching.js";
import { pixelBox } from "../pixel-box.js";
import { toPixels } from "../pixels.js";
import { saturationNote } from "../saturation.js";
import { consensus, type Extent } from "./registration.js";

const options = z.object({
  iterations: z.int().min(1).default(400).describe("Adam steps of every seed (breaching: 20,000)"),
  learningRate: z.number().gt(0).default(0.1),
  seeds: z.int().min(1).default(2).describe("reconstructions side by side (authors: 8)"),
  gradient: z
    .number()
    .min(0)
    .default(1)
    .describe("weight of the distance between gradients (authors: 1e-3 for ResNet-50); 0 is the control without it"),
  tv: z.number().min(0).default(1e-2).describe("weight of total variation (authors: 1e-4)"),
  norm: z.number().min(0).default(1e-6).describe("weight of the pictures' Euclidean norm"),
  batchNorm: z.number().min(0).default(0.1).describe("weight of the distance from the client's batch statistics"),
  group: z
    .number()
    .min(0)
    .default(1e-3)
    .describe("weight of the distance from what the seeds agree on (authors: 0.01)"),
  groupFrom: z.number().min(0).max(1).default(0.25).describe("share of the steps after which it counts"),
  groupEvery: z.int().min(1).default(50).describe("steps between two agreements"),
  registration: z
    .enum(["registered", "lazy"])
    .default("registered")
    .describe("`registered`: seeds are moved into place before they are averaged"),
  noise: z.number().min(0).default(0).describe("of every step, times the learning rate (authors: 0.2)"),
  output: z
    .enum(["best", "consensus"])
    .default("best")
    .describe("the seed with the smallest gradient distance, or all together"),
  ...labelOptions,
  labelRule: labelOptions.labelRule.default("yin"),
});
type Options = z.infer<typeof options>;
type Statistics = Grants["clientDistribution"]["rounds"][number];

const WARM_UP = 50;

/** Σ over tensors of ‖g - g*‖, unsquared. */
const layerNorms: Distance = (gradients, targets) =>
  gradients
    .map((each, i) => sqrt(add(sum(square(sub(each, targets[i]!))), TINY)))
    .reduce((total, term) => add(total, term));
const TINY = 1e-20;

/** Σ over BatchNorm layers of ‖μ - m‖ + ‖σ² - v‖, the batch's own statistics against the client's. */
export const statisticsDistance =
  (model: Model, seen: Statistics) =>
  (x: Node): Node => {
    const { batchStatistics } = model.forward(x, parameterInputs(x.graph, model), "train");
    const terms = [...batchStatistics].flatMap(([layer, traced]) => {
      const { mean, variance } = traced;
      const known = seen.get(layer);
      if (!known) return [];
      const constant = (values: Float64Array) => x.graph.constant(tensor([values.length], values));
      return [
        l2Norm(sub(mean, constant(known.mean))),
        l2Norm(sub(mul(unbiasing(traced), variance), constant(known.variance))),
      ];
    });
    return terms.reduce((total, term) => add(total, term), x.graph.constant(0));
  };

/** Records whose labels are distinct in every batch of four, on CIFAR-10 and on photo patches. */
const distinct = { model: "convnet-bn", batchSize: 4, from: 68 } as const;
const alone = { iterations: 300, seeds: 1, group: 0 } as const;

export default defineAttack({
  id: "gradinversion",
  title: "GradInversion",
  summary: "Matches gradient and batch statistics with several seeds that agree with each other.",
  paper: {
    authors: "Yin, Mallya, Vahdat, Alvarez, Kautz, Molchanov",
    title: "See through Gradients: Image Batch Recovery via GradInversion",
    year: 2021,
    venue: "CVPR",
    seedRef: 98,
    url: "https://arxiv.org/abs/2104.07586",
  },
  category: "optimization/basic",
  needs: ["updates", "basicKnowledge", "clientDistribution"],
  uses: ["trainingDetails"],
  works: { algorithms: ["FedSGD"], modalities: ["image"], maxBatch: 48, modes: ["eval", "train"] },
  options,
  control: { model: "convnet-bn", batchSize: 1, seed: 1, options: { iterations: 300, seeds: 1 }, bar: 30 },
  proofs: [
    {
      id: "ladder",
      claim:
        "convnet-bn, batch 4: batch statistics and smoothness add to the gradient, and without the gradient they are not enough",
      quick: true,
      seeds: 3,
      setting: { ...distinct, labels: "recovered" },
      arms: {
        attack: { options: { ...alone } },
        "gradient-only": { options: { ...alone, batchNorm: 0, tv: 0, norm: 0 } },
        "statistics-only": { options: { ...alone, gradient: 0 } },
      },
      bars: [
        { arm: "attack", metric: "labels", over: "worst", op: ">=", value: 1, evidence: "measured" },
        {
          ...{ arm: "attack", minus: "gradient-only", metric: "psnr", over: "mean", op: ">=", value: 1 },
          evidence: "estimated",
        },
        {
          ...{ arm: "attack", minus: "statistics-only", metric: "psnr", over: "mean", op: ">=", value: 2 },
          evidence: "estimated",
        },
      ],
    },
    {
      id: "group",
      claim: "convnet-bn, batch 4: seeds that agree come nearer than one by itself",
      seeds: 3,
      setting: { ...distinct, labels: "recovered" },
      arms: {
        attack: { options: { iterations: 300, seeds: 3, group: 0.01, output: "consensus" } },
        alone: { options: { ...alone } },
      },
      bars: [
        {
          ...{ arm: "attack", minus: "alone", metric: "psnr", over: "mean", op: ">=", value: 0.3 },
          evidence: "estimated",
          fails: {
            measured:
              "-3 to -6 dB with the authors' weight, -1 dB with a weight of 0 (CIFAR-10, one batch, 400 steps, 4 seeds)",
            why:
              "here every seed alone comes to 33 dB, and to the same picture: there is nothing to agree on, and the pull towards an " +
              "early mean costs steps. The authors' gain of 0.4 dB is at 12 dB, where seeds differ (ResNet-50, 224x224)",
          },
        },
      ],
    },
  ],
  async run({ observation }, chosen, context) {
    const { updates, basicKnowledge, clientDistribution, trainingDetails } = observation;
    const round = updates.rounds[0]!;
    const { model } = round.payload;
    const { batchSize, normalization } = basicKnowledge;
    const recovered = await batchLabels(observation, chosen, context);
    // Seeds agree image by image only where all put their images in one order.
    const labels = [...recovered.values].sort((a, b) => a - b);
    const statistics = clientDistribution.rounds[0] ?? new Map();
    const shape = [batchSize, ...model.inputShape];
    const matching = await createMatching({
      ...{ backend: context.backend, dtype: "float32", round, batchSize, labels: "fixed" },
      distance: (gradients, targets) => mul(chosen.gradient, layerNorms(gradients, targets)),
      ...(trainingDetails?.mode === "train" && {
        simulate: (x, probabilities) => traceLoss(model, x, probabilities, { mode: "train" }).gradients,
      }),
      priors: [
        { weight: chosen.tv, term: totalVariation },
        { weight: chosen.norm, term: l2Norm },
        { weight: statistics.size > 0 ? chosen.batchNorm : 0, term: statisticsDistance(model, statistics) },
      ],
    });
    try {
      const box = pixelBox(basicKnowledge, shape);
      const [channels, height, width] = model.inputShape;
      const target = oneHot(labels, model.classes);
      const found = await agree(matching, target, { channels, height, width }, box.clamp, chosen, context, (images) =>
        toPixels(images, shape, normalization),
      );
      return {
        inputs: toPixels(found.images, shape, normalization),
        confidence: Array.from({ length: batchSize }, () => -found.distance),
        labels: { values: labels, method: recovered.method },
        curve: found.curve,
        otherCurves: found.otherCurves,
        iterations: found.iterations,
        exhausted: context.outOfTime(),
        notes: [
          `${chosen.seeds} seed(s), smallest gradient distance ${(found.distance / (chosen.gradient || 1)).toExponential(2)}`,
          ...(statistics.size === 0 ? ["the model has no BatchNorm: there are no statistics to match"] : []),
          ...saturationNote(round),
          ...(recovered.warning ? [recovered.warning] : []),
        ],
      };
    } finally {
      await matching.dispose();
    }
  },
});

interface Seed {
  readonly x: Float32Array;
  readonly curve: { iteration: number; loss: number }[];
  distance: number;
  objective: number;
  step(slope: Float64Array, rate: number): void;
}

interface Agreed {
  readonly images: Float32Array;
  readonly distance: number;
  readonly curve: LossCurve;
  readonly otherCurves: readonly LossCurve[];
  readonly iterations: number;
}

/** Cosine decay after a linear warm-up. */
const rateAt = (iteration: number, total: number, base: number): number =>
  base * Math.min(1, (iteration + 1) / WARM_UP) * 0.5 * (1 + Math.cos((Math.PI * iteration) / total));

/** All seeds, step by step. */
async function agree(
  matching: Matching,
  labels: Float64Array,
  extent: Extent,
  project: (x: Float32Array) => void,
  chosen: Options,
  { random, signal, outOfTime, progress }: AttackContext,
  pixels: (images: Float32Array) => ReturnType<typeof toPixels>,
): Promise<Agreed> {
  const { iterations, learningRate, noise, groupFrom, groupEvery } = chosen;
  const seeds = Array.from({ length: chosen.seeds }, (_, i) =>
    startSeed(matching.imageSize, random.split("seed", i), learningRate),
  );
  const stream = random.split("noise");
  const jitter = new Float64Array(matching.imageSize);
  let agreed: Float64Array | null = null;
  let iteration = 0;
  for (; iteration < iterations && !(iteration > 0 && outOfTime()); iteration++) {
    const rate = rateAt(iteration, iterations, learningRate);
    if (chosen.group > 0 && seeds.length > 1 && iteration >= groupFrom * iterations && iteration % groupEvery === 0) {
      agreed = agreement(seeds, extent, chosen.registration);
    }
    for (const seed of seeds) {
      signal.throwIfAborted();
      const { distance, objective, imageGradient } = await matching.evaluate(seed.x, labels);
      Object.assign(seed, { distance, objective });
      const slope = Float64Array.from(imageGradient);
      if (agreed) pull(slope, seed.x, agreed, chosen.group);
      seed.step(slope, rate);
      if (noise > 0) {
        stream.fillNormal(jitter, 0, noise * rate);
        for (let i = 0; i < jitter.length; i++) seed.x[i] = seed.x[i]! + jitter[i]!;
      }
      project(seed.x);
    }
    if (iteration % Math.ceil(iterations / 40) === 0) {
      const loss = Math.min(...seeds.map(({ objective }) => objective));
      for (const { curve, objective } of seeds) curve.push({ iteration, loss: objective });
      progress({ iteration, total: iterations, loss, image: pixels(bestOf(seeds).x) });
    }
  }
  const best = bestOf(seeds);
  const images =
    chosen.output === "consensus" && seeds.length > 1
      ? Float32Array.from(agreement(seeds, extent, chosen.registration))
      : best.x;
  const otherCurves = seeds.filter((seed) => seed !== best).map(({ curve }) => curve);
  return { images, distance: best.distance, curve: best.curve, otherCurves, iterations: iteration * seeds.length };
}

const bestOf = (seeds: readonly Seed[]): Seed =>
  seeds.reduce((best, other) => (other.distance < best.distance ? other : best));

function startSeed(size: number, random: AttackContext["random"], learningRate: number): Seed {
  const x = new Float32Array(size);
  random.fillNormal(x, 0, 1);
  const adam = createAdam(size, { learningRate });
  return {
    x,
    curve: [],
    distance: Number.POSITIVE_INFINITY,
    objective: Number.POSITIVE_INFINITY,
    step: (slope, rate) => adam.step(x, slope, rate),
  };
}

/** What the seeds agree on, image by image. */
function agreement(seeds: readonly Seed[], extent: Extent, how: Options["registration"]): Float64Array {
  const size = sizeOf([extent.channels, extent.height, extent.width]);
  const all = new Float64Array(seeds[0]!.x.length);
  for (let start = 0; start < all.length; start += size) {
    const ofImage = seeds.map(({ x }) => x.subarray(start, start + size));
    all.set(consensus(ofImage, extent, how), start);
  }
  return all;
}

/** Adds the derivative of weight · ‖x - agreed‖. */
function pull(slope: Float64Array, x: Float32Array, agreed: Float64Array, weight: number): void {
  let square = 0;
  for (let i = 0; i < x.length; i++) square += (x[i]! - agreed[i]!) ** 2;
  const length = Math.sqrt(square);
  if (length === 0) return;
  for (let i = 0; i < x.length; i++) slope[i] = slope[i]! + (weight * (x[i]! - agreed[i]!)) / length;
}
