// Gradients in parts equal those of the parts run one by one, in both orders that attacks use.
import { describe, expect, it } from "vitest";
import { draw, relativeError } from "../../test/engine-fixture.js";
import { nodeCpu } from "../engine/backends/node-cpu.js";
import { add, compile, createGraph, grad, type Node, square, sub, sum } from "../engine/index.js";
import { type FloatArray, sizeOf, tensor } from "../math/tensor.js";
import { type Model, parameterValues } from "./define.js";
import { models } from "./index.js";
import { traceLoss } from "./loss.js";
import { traceLossInParts } from "./loss-in-parts.js";

const backend = nodeCpu({ threads: 1 });
const inputShape = [3, 8, 8] as const;
const classes = 4;
const samples = 4;

/** Weights with running statistics that are no identity. */
const weightsOf = (model: Model) =>
  new Map(
    [...model.parameters, ...model.buffers].map(({ name, shape }, i) => {
      const values = draw(100 + i, sizeOf(shape), 0.25);
      return [name, tensor(shape, name.includes("running_var") ? values.map((value) => 1 + value) : values)];
    }),
  );
const images = draw(1, samples * sizeOf(inputShape));
const labels = draw(2, samples * classes).map(Math.abs);

const total = (terms: readonly Node[]) => terms.reduce((sumSoFar, term) => add(sumSoFar, term));

/** Loss and gradients of each of `parts`, and the derivative of the gradients' L2 distance to drawn targets to its images. */
async function together(model: Model, parts: number) {
  const graph = createGraph();
  const x = graph.input("x", [samples, ...inputShape]);
  const { losses, gradients } = traceLossInParts(model, x, graph.input("labels", [samples, classes]), parts);
  const sent = model.parameters.map(({ shape }, i) => graph.input(`sent${i}`, shape));
  const distance = total(gradients.map((part, i) => sum(square(sub(part, sent[i]!)))));
  return run(model, { losses, gradients, second: grad(distance, [x])[0]! }, { x: images, labels });
}

/** The same of one part by itself. */
async function alone(model: Model, parts: number, part: number) {
  const graph = createGraph();
  const count = samples / parts;
  const x = graph.input("x", [count, ...inputShape]);
  const { loss, gradients } = traceLoss(model, x, graph.input("labels", [count, classes]));
  const sent = model.parameters.map(({ shape }, i) => graph.input(`sent${i}`, shape));
  const distance = total(gradients.map((gradient, i) => sum(square(sub(gradient, sent[i]!)))));
  const rows = (data: Float64Array) => data.subarray((part * data.length) / parts, ((part + 1) * data.length) / parts);
  const feeds = { x: rows(images), labels: rows(labels) };
  return run(model, { losses: loss, gradients, second: grad(distance, [x])[0]! }, feeds);
}

async function run(
  model: Model,
  { losses, gradients, second }: { losses: Node; gradients: readonly Node[]; second: Node },
  feeds: Record<string, FloatArray>,
) {
  const named = Object.fromEntries(gradients.map((node, i) => [`gradient${i}`, node]));
  const bind = parameterValues(weightsOf(model));
  const program = await compile({ losses, second, ...named } as Record<string, Node>, {
    backend,
    dtype: "float64",
    bind,
  });
  const sent = Object.fromEntries(
    model.parameters.map(({ shape }, i) => [`sent${i}`, draw(300 + i, sizeOf(shape), 0.125)]),
  );
  const results = await program.run({ ...feeds, ...sent });
  await program.dispose();
  return results;
}

describe.each(["lenet", "convnet", "convnet-bn", "mlp", "vit"])("%s", (id) => {
  const model = models[id]!(inputShape, classes);

  it.each([2, 4])("gives each of %d parts what it gives the part alone", async (parts) => {
    const all = await together(model, parts);
    for (let part = 0; part < parts; part++) {
      const one = await alone(model, parts, part);
      for (const [name, values] of Object.entries(one)) {
        const size = values.length;
        const slice = all[name]!.subarray(part * size, (part + 1) * size);
        expect(relativeError(slice, values), `${name} of part ${part}`).toBeLessThan(1e-12);
      }
    }
  });
});

const twice = (data: Float64Array) => Float64Array.of(...data, ...data);

describe("parts", () => {
  it("must divide the batch", () => {
    const graph = createGraph();
    const [x, targets] = [graph.input("x", [4, ...inputShape]), graph.input("targets", [4, classes])];
    expect(() => traceLossInParts(models.mlp!(inputShape, classes), x, targets, 3)).toThrow(
      "a batch of 4 does not divide into 3 parts",
    );
  });

  it("may not share the batch statistics of train mode", () => {
    const graph = createGraph();
    const [x, targets] = [graph.input("x", [4, ...inputShape]), graph.input("targets", [4, classes])];
    const model = models["convnet-bn"]!(inputShape, classes);
    expect(() => traceLossInParts(model, x, targets, 2, { mode: "train" })).toThrow(
      "model convnet-bn in train mode mixes all 2 parts",
    );
    expect(traceLossInParts(model, x, targets, 1, { mode: "train" }).losses.shape).toEqual([1]);
  });

  it("may each have weights of their own", async () => {
    const model = models.lenet!(inputShape, classes);
    const graph = createGraph();
    const x = graph.input("x", [2, ...inputShape]);
    const own = new Map(model.parameters.map(({ name, shape }) => [name, graph.input(name, [2, ...shape])]));
    const targets = graph.input("labels", [2, classes]);
    const { losses, gradients } = traceLossInParts(model, x, targets, 2, { parameter: (name) => own.get(name)! });
    const outputs = { losses, gradient: gradients[2]! };
    const program = await compile(outputs, { backend, dtype: "float64" });
    const slices = (seed: number) =>
      Object.fromEntries(model.parameters.map(({ name, shape }, i) => [name, draw(seed + i, sizeOf(shape), 0.5)]));
    const [first, second] = [slices(20), slices(40)];
    const feeds = Object.fromEntries(
      model.parameters.map(({ name }) => [name, Float64Array.of(...first[name]!, ...second[name]!)]),
    );
    const one = images.subarray(0, sizeOf(inputShape));
    const row = labels.subarray(0, classes);
    const both = await program.run({ ...feeds, x: twice(one), labels: twice(row) });
    await program.dispose();

    const single = createGraph();
    const traced = traceLoss(model, single.input("x", [1, ...inputShape]), single.input("labels", [1, classes]));
    const each = await compile({ loss: traced.loss, gradient: traced.gradients[2]! }, { backend, dtype: "float64" });
    for (const [part, values] of [first, second].entries()) {
      const prefixed = Object.fromEntries(Object.entries(values).map(([name, data]) => [`parameter:${name}`, data]));
      const expected = await each.run({ ...prefixed, x: one, labels: row });
      const size = expected.gradient.length;
      expect(both.losses[part]).toBeCloseTo(expected.loss[0]!, 12);
      const slice = both.gradient.subarray(part * size, (part + 1) * size);
      expect(relativeError(slice, expected.gradient)).toBeLessThan(1e-12);
    }
    await each.dispose();
  });
});
