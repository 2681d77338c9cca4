// Unrolled training against torch.optim.SGD (test/fixtures/unroll.py), against our own steps one at a time, and how its graph grows.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { draw, load, relativeError, type Stored, tolerance } from "../../test/engine-fixture.js";
import { nodeCpu } from "../engine/backends/node-cpu.js";
import { topological } from "../engine/graph.js";
import {
  add,
  compile,
  createGraph,
  div,
  grad,
  mul,
  type Node,
  softmax,
  sqrt,
  square,
  sub,
  sum,
} from "../engine/index.js";
import { type DType, type FloatArray, sizeOf, tensor } from "../math/tensor.js";
import { parameterValues } from "./define.js";
import { models } from "./index.js";
import { miniBatches, traceLocalTraining } from "./unroll.js";

interface Training {
  readonly model: string;
  readonly inputShape: readonly [number, number, number];
  readonly classes: number;
  readonly samples: number;
  readonly miniBatch: number;
  readonly seed: number;
  readonly epochs: number;
  readonly lr: number;
  readonly momentum: number;
  readonly decay: number;
  readonly scales: readonly number[];
  readonly sentScales: readonly number[];
  readonly losses: readonly number[];
  readonly update: readonly { readonly stride: number; readonly sample: Stored; readonly largest: number }[];
  readonly distances: Readonly<Record<"l2" | "cosine", { value: number; images: Stored; labelLogits: Stored }>>;
}

const named = (_: string, value: unknown) =>
  value !== null && typeof value === "object" && Object.hasOwn(value, "at") ? { ...value, script: "unroll" } : value;
const file = new URL("../../test/fixtures/unroll.json", import.meta.url);
const { trainings } = JSON.parse(readFileSync(file, "utf8"), named) as { trainings: readonly Training[] };
const backend = nodeCpu({ threads: 1 });

const inner = (a: readonly Node[], b: readonly Node[]) =>
  a.map((part, i) => sum(mul(part, b[i]!))).reduce((total, term) => add(total, term));
const distances = {
  l2: (a: readonly Node[], b: readonly Node[]) =>
    a.map((part, i) => sum(square(sub(part, b[i]!)))).reduce((total, term) => add(total, term)),
  cosine: (a: readonly Node[], b: readonly Node[]) => sub(1, div(inner(a, b), sqrt(mul(inner(a, a), inner(b, b))))),
};

async function evaluate(known: Training, dtype: DType) {
  const { inputShape, classes, samples, seed, epochs, momentum } = known;
  const model = models[known.model]!(inputShape, classes);
  const graph = createGraph();
  const x = graph.input("x", [samples, ...inputShape]);
  const labelLogits = graph.input("labelLogits", [samples, classes]);
  const batches = miniBatches(x, softmax(labelLogits), known.miniBatch);
  const { update, losses } = traceLocalTraining(model, batches, {
    learningRate: graph.input("learningRate", []),
    epochs,
    momentum,
    weightDecay: known.decay,
  });
  const sent = update.map(({ shape }, i) => graph.input(`sent${i}`, shape));
  const outputs: Record<string, Node> = {};
  losses.forEach((loss, step) => {
    outputs[`loss${step}`] = loss;
  });
  update.forEach((part, i) => {
    outputs[`update${i}`] = part;
  });
  for (const kind of ["l2", "cosine"] as const) {
    const value = distances[kind](update, sent);
    const [toImages, toLabels] = grad(value, [x, labelLogits]);
    Object.assign(outputs, { [kind]: value, [`${kind}/images`]: toImages, [`${kind}/labelLogits`]: toLabels });
  }
  const feeds: Record<string, FloatArray> = {
    x: draw(seed, sizeOf(x.shape)),
    labelLogits: draw(seed + 1, sizeOf(labelLogits.shape)),
    learningRate: Float64Array.of(known.lr),
  };
  const weights = new Map(
    model.parameters.map(({ name, shape }, i) => [
      name,
      tensor(shape, draw(seed + 10 + i, sizeOf(shape), known.scales[i]!)),
    ]),
  );
  model.buffers.forEach(({ name, shape }, i) => {
    weights.set(
      name,
      tensor(
        shape,
        draw(seed + 80 + i, sizeOf(shape), 0.5).map((value) => value + (i % 2)),
      ),
    );
  });
  const bind = parameterValues(weights);
  sent.forEach(({ shape }, i) => {
    feeds[`sent${i}`] = draw(seed + 50 + i, sizeOf(shape), known.sentScales[i]!);
  });
  const program = await compile(outputs, { backend, dtype, bind });
  const results = await program.run(feeds);
  await program.dispose();
  return results;
}

describe.each(
  trainings.map((known) => {
    const steps = known.losses.length;
    return [`${known.model}, ${known.samples} images, ${steps} steps, momentum ${known.momentum}`, known] as const;
  }),
)("%s", (_, known) => {
  it.each<DType>(["float32", "float64"])("agrees with PyTorch in %s", async (dtype) => {
    const results = await evaluate(known, dtype);
    const errors: Record<string, number> = {};
    known.losses.forEach((loss, step) => {
      errors[`loss${step}`] = relativeError(results[`loss${step}`]!, [loss]);
    });
    known.update.forEach(({ stride, sample, largest }, i) => {
      const kept = results[`update${i}`]!.filter((_, position) => position % stride === 0);
      errors[`update${i}`] = relativeError(kept, load(sample), largest);
    });
    for (const [kind, { value, images, labelLogits }] of Object.entries(known.distances)) {
      errors[kind] = relativeError(results[kind]!, [value]);
      errors[`${kind} to images`] = relativeError(results[`${kind}/images`]!, load(images));
      errors[`${kind} to label logits`] = relativeError(results[`${kind}/labelLogits`]!, load(labelLogits));
    }
    for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThanOrEqual(tolerance[dtype]);
  });
});

/** A graph of `steps` steps on one image each, and nodes of the whole and of the derivative to the images. */
function grown(id: string, steps: number) {
  const model = models[id]!([3, 8, 8], 4);
  const graph = createGraph();
  const x = graph.input("x", [steps, 3, 8, 8]);
  const targets = graph.input("targets", [steps, 4]);
  const { parameters, update } = traceLocalTraining(model, miniBatches(x, targets, 1), {
    learningRate: 0.1,
    momentum: 0.9,
  });
  const sent = update.map(({ shape }, i) => graph.input(`sent${i}`, shape));
  const derivative = grad(distances.l2(update, sent), [x]);
  return { forward: topological(update).length, both: topological([...derivative, ...parameters]).length };
}

describe("the graph", () => {
  it.each(["lenet", "convnet"])("of %s grows by the same number of nodes with every step", (id) => {
    const sizes = [4, 5, 6, 12].map((steps) => grown(id, steps));
    for (const part of ["forward", "both"] as const) {
      const [four, five, six, twelve] = sizes.map((size) => size[part]) as [number, number, number, number];
      expect(six - five).toBe(five - four);
      expect(twelve - six).toBe(6 * (five - four));
      expect(five - four).toBeLessThan(600);
    }
  });

  it("takes a number for the learning rate, and does nothing to the losses before the first step", async () => {
    const model = models.mlp!([1, 4, 4], 3);
    const graph = createGraph();
    const x = graph.input("x", [2, 1, 4, 4]);
    const targets = graph.input("targets", [2, 3]);
    const rate = graph.input("rate", []);
    const [batch] = miniBatches(x, targets, 2);
    const byNumber = traceLocalTraining(model, [batch!], { learningRate: 0.5, epochs: 3 });
    const byNode = traceLocalTraining(model, [batch!], { learningRate: rate, epochs: 3 });
    const twice = traceLocalTraining(model, [batch!, batch!, batch!], { learningRate: 0.5 });
    twice.update.forEach((part, i) => {
      expect(part).toBe(byNumber.update[i]);
    });
    const feeds: Record<string, FloatArray> = {
      x: draw(1, 32),
      targets: Float64Array.of(0, 1, 0, 1, 0, 0),
      rate: Float64Array.of(0.5),
    };
    model.parameters.forEach(({ name, shape }, i) => {
      feeds[`parameter:${name}`] = draw(10 + i, sizeOf(shape), 0.25);
    });
    const outputs = Object.fromEntries(
      [byNumber, byNode].flatMap(({ update, parameters, losses }, which) =>
        [...update, ...parameters, ...losses].map((node, i) => [`${which}/${i}`, node] as const),
      ),
    );
    const program = await compile(outputs, { backend, dtype: "float64" });
    const results = await program.run(feeds);
    await program.dispose();
    for (let i = 0; i < 11; i++) {
      expect(relativeError(results[`0/${i}`]!, results[`1/${i}`]!), `output ${i}`).toBeLessThan(1e-14);
    }
    const start = feeds["parameter:fc1.weight"]!;
    const difference = start.map((value, i) => value - results["0/4"]![i]!);
    expect(relativeError(difference, results["0/0"]!)).toBeLessThan(1e-13);
  });
});

describe("mini-batches", () => {
  it("keep the order and leave a smaller last one", () => {
    const graph = createGraph();
    const cut = miniBatches(graph.input("x", [5, 1, 2, 2]), graph.input("targets", [5, 3]), 2);
    expect(cut.map(({ x, targets }) => [x.shape[0], targets.shape[0]])).toEqual([
      [2, 2],
      [2, 2],
      [1, 1],
    ]);
    expect(cut.map(({ x }) => x.attributes.starts)).toEqual([
      [0, 0, 0, 0],
      [2, 0, 0, 0],
      [4, 0, 0, 0],
    ]);
  });

  it("say what cannot be trained", () => {
    const graph = createGraph();
    const [x, targets] = [graph.input("x", [2, 1, 4, 4]), graph.input("targets", [2, 3])];
    expect(() => miniBatches(x, targets, 0)).toThrow(/1 sample or more, got 0/);
    const model = models.mlp!([1, 4, 4], 3);
    expect(() => traceLocalTraining(model, [], { learningRate: 1 })).toThrow(/needs a mini-batch .* got 0 and 1/);
    const whole = miniBatches(x, targets, 2);
    expect(() => traceLocalTraining(model, whole, { learningRate: 1, epochs: 1.5 })).toThrow(/got 1 and 1\.5/);
  });
});
