// Honestly trained models of several architectures and recipes, from fresh weights to 50 steps: what a detector must leave alone.
import { type Batch, type Dataset, readBatch } from "../src/data/dataset.js";
import { compile, createGraph, type Node } from "../src/engine/index.js";
import type { Payload } from "../src/federated/hooks.js";
import { createRandom } from "../src/math/random.js";
import { tensor } from "../src/math/tensor.js";
import { initialise, type Model, parameterInputs, parameterValues, type Weights } from "../src/models/define.js";
import { models } from "../src/models/index.js";
import { oneHot, traceLoss } from "../src/models/loss.js";
import { backend } from "./small-round.js";

export const architectures = ["lenet", "lenet-wide", "convnet", "mlp", "cnn6", "convnet-bn", "resnet20"] as const;

export interface Recipe {
  readonly learningRate: number;
  readonly momentum: number;
  /** Channels at mean 0 and deviation 1, or pixels in [0, 1]. */
  readonly normalised: boolean;
}

export const recipes: readonly Recipe[] = [
  { learningRate: 0.1, momentum: 0, normalised: false },
  { learningRate: 0.05, momentum: 0, normalised: true },
  { learningRate: 0.01, momentum: 0.9, normalised: false },
  { learningRate: 0.02, momentum: 0.9, normalised: true },
  { learningRate: 0.01, momentum: 0, normalised: false },
  { learningRate: 0.1, momentum: 0, normalised: true },
];

const BATCH = 16;
/** PyTorch's share of the newest batch in running statistics. */
const NEWEST = 0.1;

export interface Honest extends Payload {
  readonly name: string;
  readonly step: number;
  readonly seed: number;
  readonly loss: number;
}

/** Records of `dataset` as the recipe's clients see them. */
export function readFor({ normalised }: Recipe, dataset: Dataset, records: readonly number[]): Batch {
  const batch = readBatch(dataset, records);
  if (!normalised) return batch;
  const centred = batch.inputs.data.map((value) => (value - 0.5) / 0.25);
  return { ...batch, inputs: tensor(batch.inputs.shape, centred) };
}

interface Training {
  readonly architecture: string;
  readonly dataset: Dataset;
  readonly recipe: Recipe;
  readonly seed: number;
  /** Steps after which a copy is kept, rising; 0 for fresh weights. */
  readonly keep: readonly number[];
}

/** Trains by SGD on batches of 16 and returns the weights after each step of `keep`. */
export async function trainHonestly({ architecture, dataset, recipe, seed, keep }: Training): Promise<Honest[]> {
  const random = createRandom(seed).split("honest", architecture);
  const model = models[architecture]!(dataset.shape, dataset.classes.length);
  const program = await compile(trace(model), { backend, dtype: "float32" });
  const velocity = new Map(model.parameters.map(({ name, shape }) => [name, new Float32Array(size(shape))]));
  const kept: Honest[] = [];
  let weights = initialise(model, random);
  let loss = Number.NaN;
  const snapshot = (step: number) => kept.push({ name: architecture, model, weights, step, seed, loss });
  if (keep.includes(0)) snapshot(0);
  for (let step = 1; step <= keep.at(-1)!; step++) {
    const records = Array.from({ length: BATCH }, () => random.integer(dataset.length));
    const { inputs, labels } = readFor(recipe, dataset, records);
    const values = Object.entries(parameterValues(weights)).map(([name, { data }]) => [name, data] as const);
    const out = await program.run({
      ...{ x: inputs.data, targets: oneHot(labels, model.classes) },
      ...Object.fromEntries(values),
    });
    loss = out.loss![0]!;
    weights = stepped(model, weights, out, recipe, velocity);
    if (keep.includes(step)) snapshot(step);
  }
  await program.dispose();
  return kept;
}

const size = (shape: readonly number[]) => shape.reduce((product, extent) => product * extent, 1);

function trace(model: Model): Record<string, Node> {
  const graph = createGraph();
  const x = graph.input("x", [BATCH, ...model.inputShape]);
  const targets = graph.input("targets", [BATCH, model.classes]);
  const parameter = parameterInputs(graph, model);
  const { loss, gradients, batchStatistics } = traceLoss(model, x, targets, { mode: "train", parameter });
  const statistics = [...batchStatistics].flatMap(([layer, { mean, variance }]) => [
    [`${layer}.running_mean`, mean] as const,
    [`${layer}.running_var`, variance] as const,
  ]);
  const steps = model.parameters.map(({ name }, i) => [name, gradients[i]!] as const);
  return { loss, ...Object.fromEntries([...steps, ...statistics]) };
}

function stepped(
  model: Model,
  weights: Weights,
  out: Readonly<Record<string, ArrayLike<number>>>,
  { learningRate, momentum }: Recipe,
  velocities: ReadonlyMap<string, Float32Array>,
): Weights {
  const buffers = new Set(model.buffers.map(({ name }) => name));
  return new Map(
    [...weights].map(([name, { shape, data }]) => {
      const [seen, velocity] = [out[name]!, velocities.get(name)];
      const next = data.map((value, i) => {
        if (buffers.has(name)) return (1 - NEWEST) * value + NEWEST * seen[i]!;
        velocity![i] = momentum * velocity![i]! + seen[i]!;
        return value - learningRate * velocity![i]!;
      });
      return [name, tensor(shape, next)];
    }),
  );
}
