// The four models against PyTorch: loss, parameter gradient, and both matching distances differentiated once more, to the image
// and to the label logits. Weights and targets come from the counter hash that the Python script uses too.
import { describe, expect, it } from "vitest";
import { draw, load, type ModelCase, models, relativeError, tolerance } from "../../test/engine-fixture.js";
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
import { type DType, type FloatArray, sizeOf, tensor } from "../math/tensor.js";
import convnet from "./convnet.js";
import lenet from "./lenet.js";
import lenetWide from "./lenet-wide.js";
import { traceLoss } from "./loss.js";
import mlp from "./mlp.js";

const factories = { mlp, lenet, "lenet-wide": lenetWide, convnet };

const total = (terms: readonly Node[]) => terms.reduce((sum, term) => add(sum, term));
const inner = (a: readonly Node[], b: readonly Node[]) => total(a.map((part, i) => sum(mul(part, b[i]!))));
const distances: Readonly<Record<string, (gradients: readonly Node[], targets: readonly Node[]) => Node>> = {
  squared: (gradients, targets) => total(gradients.map((part, i) => sum(square(sub(part, targets[i]!))))),
  cosine: (gradients, targets) =>
    sub(1, div(inner(gradients, targets), sqrt(mul(inner(gradients, gradients), inner(targets, targets))))),
};

async function evaluate(known: ModelCase, dtype: DType) {
  const { inputShape, classes, batch, seed } = known;
  const model = factories[known.model as keyof typeof factories](inputShape, classes);
  const graph = createGraph();
  const x = graph.input("x", [batch, ...inputShape]);
  const labelLogits = graph.input("labelLogits", [batch, classes]);
  const { loss, gradients } = traceLoss(model, x, softmax(labelLogits));
  const targets = gradients.map((part, i) => graph.input(`target${i}`, part.shape));
  const outputs: Record<string, Node> = { loss };
  gradients.forEach((part, i) => {
    outputs[`gradient${i}`] = part;
  });
  for (const [kind, distance] of Object.entries(distances)) {
    const value = distance(gradients, targets);
    const [toInput, toLabels] = grad(value, [x, labelLogits]);
    Object.assign(outputs, { [kind]: value, [`${kind}/input`]: toInput, [`${kind}/labelLogits`]: toLabels });
  }
  const bind = Object.fromEntries(
    model.parameters.map(({ name, shape }, i) => [
      `parameter:${name}`,
      tensor(shape, draw(seed + 10 + i, sizeOf(shape), known.scales[i]!)),
    ]),
  );
  const feeds: Record<string, FloatArray> = {
    x: draw(seed, sizeOf(x.shape)),
    labelLogits: draw(seed + 1, sizeOf(labelLogits.shape)),
  };
  targets.forEach(({ shape }, i) => {
    feeds[`target${i}`] = draw(seed + 50 + i, sizeOf(shape), known.targetScales[i]!);
  });
  const program = await compile(outputs, { backend: nodeCpu({ threads: 1 }), dtype, bind });
  const results = await program.run(feeds);
  await program.dispose();
  return results;
}

describe.each(
  models.map((known) => [`${known.model} at ${known.inputShape.join("x")}, batch ${known.batch}`, known] as const),
)("%s", (_, known) => {
  it.each<DType>(["float32", "float64"])("agrees with PyTorch in %s", async (dtype) => {
    const results = await evaluate(known, dtype);
    const errors: Record<string, number> = { loss: relativeError(results.loss!, [known.loss]) };
    known.gradients.forEach(({ stride, sample, largest }, i) => {
      const kept = results[`gradient${i}`]!.filter((_, position) => position % stride === 0);
      errors[`gradient${i}`] = relativeError(kept, load(sample), largest);
    });
    for (const [kind, { value, input, labelLogits }] of Object.entries(known.distances)) {
      errors[kind] = relativeError(results[kind]!, [value]);
      errors[`${kind} to input`] = relativeError(results[`${kind}/input`]!, load(input));
      errors[`${kind} to label logits`] = relativeError(results[`${kind}/labelLogits`]!, load(labelLogits));
    }
    for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThanOrEqual(tolerance[dtype]);
  });
});
