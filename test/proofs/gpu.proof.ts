// The second order that attacks use, on every GPU backend that runs here, against the CPU's: 1e-4 on LeNet, ResNet-18 and a vision transformer.
// With SwiftShader (test/gpu.ts) it takes minutes and says nothing of speed.
import { describe, expect, it } from "vitest";
import type { ImageShape } from "../../src/data/dataset.js";
import type { Backend } from "../../src/engine/backends/backend.js";
import { nodeCpu } from "../../src/engine/backends/node-cpu.js";
import { add, compile, createGraph, grad, square, sub, sum } from "../../src/engine/index.js";
import { createRandom } from "../../src/math/random.js";
import { type FloatArray, sizeOf } from "../../src/math/tensor.js";
import { initialise } from "../../src/models/define.js";
import { models } from "../../src/models/index.js";
import { oneHot, traceLoss } from "../../src/models/loss.js";
import { draw, relativeError } from "../engine-fixture.js";
import { gpus } from "../gpu.js";
import { note } from "./prove.js";

const nets: Readonly<Record<string, ImageShape>> = { lenet: [3, 32, 32], resnet18: [3, 8, 8], "vit-tiny": [3, 8, 8] };
const BAR = 1e-4;

/** Gradient, to two pictures, of the squared distance between the gradient that they give and another one. */
async function secondOrder(id: string, backend: Backend): Promise<FloatArray> {
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

for (const { backend, reason } of gpus) {
  describe.skipIf(reason !== null)(`${backend.name}${reason === null ? "" : ` cannot run here: ${reason}`}`, () => {
    it.each(Object.keys(nets))("second order of %s", async (id) => {
      const started = Date.now();
      const cpu = await secondOrder(id, nodeCpu({ threads: 1 }));
      const error = relativeError(await secondOrder(id, backend), cpu);
      const held = note({
        proof: `${backend.name}: second order of ${id} as on the CPU`,
        pictures: "none",
        unit: "relative error",
        measured: [error],
        summary: "largest error over largest value, float32",
        bar: `< ${BAR}`,
        held: error < BAR,
        seconds: Math.round((Date.now() - started) / 1000),
      });
      expect(held).toBe(true);
    });
  });
}
