// GRNN: a small generator, drawn afresh and trained during the attack, paints images and labels whose gradient is the observed one. Nothing is
// learnt beforehand; that a convolutional net paints the images is the prior (spec/attacks-generative.md 2.2).
import { z } from "zod";
import { add, compile, createGraph, grad, mul, type Node, sqrt, totalVariation } from "../../../engine/index.js";
import { createRmsprop } from "../../../math/rmsprop.js";
import { type FloatArray, tensor } from "../../../math/tensor.js";
import { drawParameters, type Parameter, parameterValues } from "../../../models/define.js";
import { oneHot, traceLoss } from "../../../models/loss.js";
import type { BasicKnowledge, ObservedRound } from "../../../threat/observation.js";
import { type AttackContext, defineAttack } from "../../define.js";
import { distances } from "../../optimization/distances.js";
import { toModelSpace } from "../../optimization/pixels.js";
import { saturationNote } from "../../optimization/saturation.js";
import { grnnNetwork, NOISE } from "./grnn-network.js";

const options = z.object({
  iterations: z.int().min(1).default(1000).describe("steps of RMSprop (authors: 1,000)"),
  learningRate: z.number().gt(0).default(1e-4),
  momentum: z.number().min(0).lt(1).default(0.99),
  tv: z
    .number()
    .min(0)
    .default(1e-3)
    .describe("weight of total variation (authors: 1e-3 for LeNet, 1e-6 for ResNet-18)"),
  norm: z
    .boolean()
    .default(true)
    .describe("add the unsquared distance, which the authors' code calls the Wasserstein distance"),
  width: z.int().min(1).default(32).describe("channels of the generator before its last block"),
});
type Options = z.infer<typeof options>;

export default defineAttack({
  id: "grnn",
  title: "Generative Regression Neural Network",
  summary: "Trains a fresh generator to paint images and labels that explain the gradient; needs no data of its own.",
  paper: {
    authors: "Ren, Deng, Xie",
    title: "GRNN: Generative Regression Neural Network — A Data Leakage Attack for Federated Learning",
    year: 2022,
    venue: "ACM TIST",
    seedRef: 61,
    url: "https://arxiv.org/abs/2105.00529",
  },
  category: "generative/direct",
  needs: ["updates", "basicKnowledge"],
  works: { algorithms: ["FedSGD"], modalities: ["image"], maxBatch: 256 },
  options,
  control: { model: "lenet", batchSize: 1, seed: 1, options: {}, bar: 20 },
  proofs: [
    {
      id: "lenet",
      claim: "lenet, batch 1: image and label come back from the gradient alone, by a generator that knew no picture",
      quick: true,
      seeds: 3,
      setting: { model: "lenet", batchSize: 1, labels: "recovered" },
      arms: { attack: {} },
      bars: [
        { arm: "attack", metric: "psnr", over: "median", op: ">=", value: 25, evidence: "estimated" },
        { arm: "attack", metric: "labels", over: "mean", op: ">=", value: 0.8, evidence: "estimated" },
      ],
    },
    {
      id: "ten-seeds",
      claim: "lenet, batch 1: 8 of 10 draws",
      seeds: 10,
      setting: { model: "lenet", batchSize: 1, labels: "recovered" },
      arms: { attack: {} },
      bars: [
        {
          ...{ arm: "attack", metric: "psnr", over: { share: 0.8 }, op: ">=", value: 25, evidence: "estimated" },
          fails: {
            measured: "photographs: 7 of 10 (10.9, 21.3 and 23.2 dB do not reach it); CIFAR-10: 8 of 10",
            why:
              "one of the ten nets already predicts its label (p = 0.9992) and leaves no gradient; two searches are still under way after the " +
              "authors' 1,000 steps",
          },
        },
        { arm: "attack", metric: "labels", over: "mean", op: ">=", value: 0.8, evidence: "estimated" },
      ],
    },
    {
      id: "batch-4",
      claim: "lenet, batch 4: a search over pixels by L-BFGS with as many calls ends 5 dB lower",
      seeds: 3,
      setting: { model: "lenet", batchSize: 4, labels: "recovered" },
      arms: {
        attack: {},
        dlg: { attack: { id: "dlg", options: { starts: 1, calls: 1000, precision: "float32" } } },
      },
      bars: [{ arm: "attack", minus: "dlg", metric: "psnr", over: "mean", op: ">=", value: 5, evidence: "published" }],
    },
    {
      id: "relu",
      claim: "the twin of lenet with ReLU stays closed: the method rests on smooth activations",
      seeds: 3,
      setting: { model: "lenet", batchSize: 1, labels: "recovered" },
      arms: { attack: {}, relu: { setting: { model: "lenet-relu" } } },
      bars: [{ arm: "attack", minus: "relu", metric: "psnr", over: "mean", op: ">=", value: 8, evidence: "published" }],
    },
    {
      id: "smoothness",
      claim: "total variation is no more than a help: without it the image comes back as well",
      seeds: 3,
      setting: { model: "lenet", batchSize: 1, labels: "recovered" },
      arms: { attack: {}, "without-tv": { options: { tv: 0 } } },
      bars: [{ arm: "without-tv", metric: "psnr", over: "median", op: ">=", value: 25, evidence: "measured" }],
    },
  ],
  async run({ observation: { updates, basicKnowledge, labels } }, chosen, context) {
    const round = updates.rounds[0]!;
    const { batchSize } = basicKnowledge;
    const { inputShape, classes } = round.payload.model;
    const painter = await createPainter(round, basicKnowledge, labels, chosen, context);
    try {
      const shape = [batchSize, ...inputShape];
      const found = await train(painter, shape, chosen, context);
      return {
        inputs: tensor(shape, found.images),
        confidence: Array.from({ length: batchSize }, () => -found.distance),
        labels: labels
          ? { values: labels, method: "known" }
          : { values: mostLikely(found.labels, classes), method: "labels/joint" },
        curve: found.curve,
        iterations: found.iterations,
        exhausted: found.exhausted,
        notes: [`final squared distance ${found.distance.toExponential(2)}`, ...saturationNote(round)],
      };
    } finally {
      await painter.dispose();
    }
  },
});

/** Small enough to change nothing, large enough that the root's derivative stays finite. */
const TINY = 1e-20;

/** Curve points and progress reports of a run. */
const REPORTS = 40;

interface Painted {
  readonly objective: number;
  /** Squared distance of the gradients. */
  readonly distance: number;
  /** Pixels in [0, 1]. */
  readonly images: FloatArray;
  /** Label probabilities, row by row. */
  readonly labels: FloatArray;
  /** Derivative of the objective by the generator's parameters. */
  readonly slopes: readonly FloatArray[];
}

interface Painter {
  /** What is trained. */
  readonly parameters: readonly Parameter[];
  paint(values: readonly FloatArray[]): Promise<Painted>;
  dispose(): Promise<void>;
}

/** The whole objective as one program: generator, the model's gradient, its distance from the observed one, and the derivative of that. */
async function createPainter(
  round: ObservedRound,
  { batchSize, normalization }: BasicKnowledge,
  known: readonly number[] | undefined,
  { tv, norm, width }: Options,
  { backend, random }: AttackContext,
): Promise<Painter> {
  const { model, weights } = round.payload;
  const network = grnnNetwork(model.inputShape, model.classes, width);
  const parameters = known ? network.parameters.filter(({ name }) => !name.startsWith("label.")) : network.parameters;
  const graph = createGraph();
  const noise = new Float64Array(batchSize * NOISE);
  random.split("noise").fillNormal(noise, 0, 1);
  const input = ({ name, shape }: Parameter) => graph.input(`generator:${name}`, shape);
  const byName = new Map(network.parameters.map((each) => [each.name, input(each)]));
  const painted = network.trace(graph.constant(tensor([batchSize, NOISE], noise)), (name) => byName.get(name)!);
  const labels = known
    ? graph.constant(tensor([batchSize, model.classes], oneHot(known, model.classes)))
    : painted.labels;
  const { gradients } = traceLoss(model, toModelSpace(painted.images, normalization), labels);
  const targets = model.parameters.map(({ name, shape }) => graph.input(`target:${name}`, shape));
  const distance = distances.l2(gradients, targets);
  const objective = [
    distance,
    ...(norm ? [sqrt(add(distance, TINY))] : []),
    ...(tv > 0 ? [mul(tv, totalVariation(painted.images))] : []),
  ].reduce((total, term) => add(total, term));
  const slopes = grad(objective, parameters.map(input));
  const outputs: Record<string, Node> = { objective, distance, images: painted.images, labels };
  slopes.forEach((slope, i) => {
    outputs[`slope:${i}`] = slope;
  });
  const program = await compile(outputs, { backend, dtype: "float32", bind: parameterValues(weights) });
  const observed = Object.fromEntries(
    model.parameters.map(({ name }) => {
      const held = round.view.update.get(name);
      if (!held) throw new RangeError(`the observed update lacks the tensor "${name}" of model ${model.id}`);
      return [`target:${name}`, held.data];
    }),
  );
  return {
    parameters,
    async paint(values) {
      const feeds = Object.fromEntries(parameters.map(({ name }, i) => [`generator:${name}`, values[i]!]));
      const out = await program.run({ ...observed, ...feeds });
      return {
        objective: out.objective![0]!,
        distance: out.distance![0]!,
        images: out.images!,
        labels: out.labels!,
        slopes: slopes.map((_, i) => out[`slope:${i}`]!),
      };
    },
    dispose: () => program.dispose(),
  };
}

interface Trained extends Painted {
  readonly curve: { iteration: number; loss: number }[];
  readonly iterations: number;
  readonly exhausted: boolean;
}

/** Trains the generator and gives what it painted when its objective was lowest. */
async function train(
  { parameters, paint }: Painter,
  shape: readonly number[],
  { iterations, learningRate, momentum }: Options,
  { random, signal, outOfTime, progress }: AttackContext,
): Promise<Trained> {
  const values = drawParameters(parameters, random.split("generator"));
  const optimisers = values.map(({ length }) => createRmsprop(length, { learningRate, momentum }));
  const curve: Trained["curve"] = [];
  let best: Painted | undefined;
  let iteration = 0;
  for (; iteration < iterations && !(best && outOfTime()); iteration++) {
    signal.throwIfAborted();
    const painted = await paint(values);
    if (!Number.isFinite(painted.objective)) break;
    if (!best || painted.objective < best.objective) best = painted;
    if (iteration % Math.ceil(iterations / REPORTS) === 0) {
      curve.push({ iteration, loss: painted.objective });
      progress({ iteration, total: iterations, loss: best.objective, image: tensor(shape, best.images) });
    }
    values.forEach((value, i) => {
      optimisers[i]!.step(value, painted.slopes[i]!);
    });
  }
  if (!best) throw new RangeError("the objective is no number from the start: the update or the model holds none");
  return { ...best, curve, iterations: iteration, exhausted: iteration < iterations && outOfTime() };
}

const mostLikely = (probabilities: FloatArray, classes: number): number[] =>
  Array.from({ length: probabilities.length / classes }, (_, row) => {
    const own = probabilities.subarray(row * classes, (row + 1) * classes);
    return own.indexOf(Math.max(...own));
  });
