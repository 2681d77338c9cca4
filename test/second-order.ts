// The second order that attacks use, of three nets, as a backend computes it. Runs in browsers, too.
import type { ImageShape } from "../src/data/dataset.js";
import type { Backend } from "../src/engine/backends/backend.js";
import { add, compile, createGraph, grad, square, sub, sum } from "../src/engine/index.js";
import { createRandom } from "../src/math/random.js";
import { type FloatArray, sizeOf } from "../src/math/tensor.js";
import { initialise } from "../src/models/define.js";
import { models } from "../src/models/index.js";
import { oneHot, traceLoss } from "../src/models/loss.js";
import { draw } from "./draw.js";

/** Nets by id, with the pictures that they get. */
export const nets: Readonly<Record<string, ImageShape>> = {
  lenet: [3, 32, 32],
  resnet18: [3, 8, 8],
  "vit-tiny": [3, 8, 8],
};

/** Gradient, to two pictures, of the squared distance between the gradient that they give and another one. */
export async function secondOrder(id: string, backend: Backend): Promise<FloatArray> {
  const model = models[id]!(nets[id]!, 5);
  const graph = createGraph();
  const x = graph.input("x", [2, ...nets[id]!]);
  const { gradients } = traceLoss(model, x, graph.input("labels", [2, 5]));
  const distance = gradients
    .map((part, i) => sum(square(sub(part, graph.input(`target${i}`, part.shape)))))
    .reduce((total, term) => add(total, term));
  const program = await compile({ slope: grad(distance, [x])[0]! }, { backend, dtype: "float32" });
  const weights = initialise(model, createRandom(3));
  const feeds: Record<string, FloatArray> = { x: draw(1, sizeOf(x.shape)), labels: oneHot([1, 4], 5) };
  for (const [name, { data }] of weights) feeds[`parameter:${name}`] = data;
  model.parameters.forEach(({ shape }, i) => {
    feeds[`target${i}`] = draw(100 + i, sizeOf(shape), 0.01);
  });
  const { slope } = await program.run(feeds);
  await program.dispose();
  return slope;
}
