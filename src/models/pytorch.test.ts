// All models against PyTorch, with weights and inputs from the counter hash that the Python script uses too: logits, and for most nets the
// loss, its parameter gradients, and both matching distances differentiated once more, to the input and to the label logits. Names and
// shapes against torchvision's. No pre-activation of the differentiated nets lies within 1e-5 of a kink, so float32 takes the same side.
import { describe, expect, it } from "vitest";
import {
  type ArchitectureCase,
  architectures,
  draw,
  load,
  names,
  relativeError,
  tolerance,
} from "../../test/engine-fixture.js";
import { nodeCpu } from "../engine/backends/node-cpu.js";
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
import { type DType, type FloatArray, type Shape, sizeOf } from "../math/tensor.js";
import type { Model } from "./define.js";
import { models, textModels } from "./index.js";
import { traceLoss } from "./loss.js";
import { vgg11, vgg16 } from "./vgg.js";

const factories = { ...models, ...textModels };
const narrowed = { vgg11, vgg16 };

function make({ model, inputShape, classes, hidden }: ArchitectureCase): Model {
  if (hidden === undefined) return factories[model]!(inputShape, classes);
  return narrowed[model as keyof typeof narrowed](inputShape, classes, hidden);
}

const total = (terms: readonly Node[]) => terms.reduce((sum, term) => add(sum, term));
const inner = (a: readonly Node[], b: readonly Node[]) => total(a.map((part, i) => sum(mul(part, b[i]!))));
const distances: Readonly<Record<string, (gradients: readonly Node[], targets: readonly Node[]) => Node>> = {
  squared: (gradients, targets) => total(gradients.map((part, i) => sum(square(sub(part, targets[i]!))))),
  cosine: (gradients, targets) =>
    sub(1, div(inner(gradients, targets), sqrt(mul(inner(gradients, gradients), inner(targets, targets))))),
};

/** Inputs, parameters and buffers as the script drew them. */
function drawn({ seed, ids, tensors }: ArchitectureCase, shapes: ReadonlyMap<string, Shape>) {
  const feeds = new Map<string, FloatArray>();
  const x = draw(seed, sizeOf(shapes.get("x")!));
  feeds.set("x", ids ? x.map((value) => Math.floor((value + 1) * 128)) : x);
  feeds.set("labelLogits", draw(seed + 1, sizeOf(shapes.get("labelLogits")!)));
  tensors.forEach(([name, centre, width], i) => {
    const values = draw(seed + 10 + i, sizeOf(shapes.get(name)!), width);
    feeds.set(`parameter:${name}`, centre === 0 ? values : values.map((value) => Math.fround(centre + value)));
  });
  return feeds;
}

/** Largest relative error of everything that the case holds. */
async function errorsOf(known: ArchitectureCase, dtype: DType): Promise<Map<string, number>> {
  const { inputShape, classes, batch, seed, mode, matching, statistics = {} } = known;
  const model = make(known);
  const graph = createGraph();
  const x = graph.input("x", [batch, ...inputShape]);
  const labelLogits = graph.input("labelLogits", [batch, classes]);
  const traced = traceLoss(model, x, softmax(labelLogits), { mode });
  const shapes = new Map([...model.parameters, ...model.buffers].map(({ name, shape }) => [name, shape]));
  expect(new Set(known.tensors.map(([name]) => name))).toEqual(new Set(shapes.keys()));
  const feeds = drawn(known, new Map([...shapes, ["x", x.shape], ["labelLogits", labelLogits.shape]]));

  const outputs: Record<string, Node> = {};
  const errors = new Map<string, (values: FloatArray) => number>();
  const check = (name: string, node: Node, reference: ArrayLike<number>, stride = 1, largest?: number) => {
    outputs[name] = node;
    errors.set(name, (values) =>
      relativeError(stride === 1 ? values : values.filter((_, i) => i % stride === 0), reference, largest),
    );
  };
  check("logits", traced.logits, load(known.logits));
  for (const [layer, { mean, variance }] of Object.entries(statistics)) {
    const seen = traced.batchStatistics.get(layer)!;
    check(`mean of ${layer}`, seen.mean, load(mean));
    check(`variance of ${layer}`, seen.variance, load(variance));
  }
  if (matching) {
    check("loss", traced.loss, [matching.loss]);
    const byName = new Map(model.parameters.map(({ name }, i) => [name, traced.gradients[i]!]));
    // In the script's order, which differs from the model's where PyTorch lists a parameter before the layers around it.
    const gradients = matching.gradients.map((_, i) => byName.get(known.tensors[i]![0])!);
    const targets = gradients.map(({ shape }, i) => {
      feeds.set(`target${i}`, draw(seed + 1000 + i, sizeOf(shape), matching.targetScales[i]!));
      return graph.input(`target${i}`, shape);
    });
    matching.gradients.forEach(({ stride, sample, largest }, i) => {
      check(`gradient of ${known.tensors[i]![0]}`, gradients[i]!, load(sample), stride, largest);
    });
    for (const [kind, reference] of Object.entries(matching.distances)) {
      const value = distances[kind]!(gradients, targets);
      const [toLabels, toInput] = grad(value, [labelLogits, x]) as [Node, Node];
      check(kind, value, [reference.value]);
      check(`${kind} to label logits`, toLabels, load(reference.labelLogits));
      if (reference.input) check(`${kind} to input`, toInput, load(reference.input));
    }
  }
  const program = await compile(outputs, { backend: nodeCpu({ threads: 1 }), dtype });
  const results = await program.run(Object.fromEntries(feeds));
  await program.dispose();
  return new Map([...errors].map(([name, errorOf]) => [name, errorOf(results[name]!)]));
}

const title = ({ model, inputShape, batch, mode }: ArchitectureCase) =>
  `${model} at ${inputShape.join("x")}, batch ${batch}, ${mode} mode`;

describe.each(architectures.map((known) => [title(known), known] as const))("%s", (_, known) => {
  const { parameters } = make(known);
  const isLarge = parameters.reduce((count, { shape }) => count + sizeOf(shape), 0) > 1e6;
  // Large nets are compared in the precision in which they are used.
  it.each<DType>(isLarge ? ["float32"] : ["float32", "float64"])(
    "agrees with PyTorch in %s",
    { timeout: 60_000 },
    async (dtype) => {
      const errors = await errorsOf(known, dtype);
      for (const [name, error] of errors) expect(error, name).toBeLessThanOrEqual(tolerance[dtype]);
    },
  );
});

describe.each(
  names
    .filter(({ model }) => model in factories)
    .map((known) => [`${known.model} for ${known.inputShape.join("x")}`, known] as const),
)("%s", (_, { model, inputShape, classes, ...torchvision }) => {
  it("has the parameters of torchvision in its order, and its buffers", () => {
    const { parameters, buffers } = factories[model]!(inputShape, classes);
    const plain = (list: typeof parameters) => list.map(({ name, shape }) => [name, [...shape]]);
    expect(plain(parameters)).toEqual(torchvision.parameters);
    expect(plain(buffers)).toEqual(torchvision.buffers);
  });
});
