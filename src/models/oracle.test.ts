// The exact oracle of spec/engine.md section 4: ∇x⟨v, ∇θL⟩ = d/dε ∇xL(θ+εv). The left side is the second order that attacks use,
// the right side needs the first order only.
import { describe, expect, it } from "vitest";
import { draw, relativeError } from "../../test/engine-fixture.js";
import type { ImageShape } from "../data/dataset.js";
import { nodeCpu } from "../engine/backends/node-cpu.js";
import { add, compile, createGraph, grad, mul, sum } from "../engine/index.js";
import { type FloatArray, sizeOf } from "../math/tensor.js";
import type { Parameter } from "./define.js";
import { models, textModels } from "./index.js";
import { traceLoss } from "./loss.js";

// Four-point differences err by step⁴; ReLU nets take a step too small to cross a kink and pay with digits.
const precision: Readonly<Record<string, { step: number; bar: number; shape?: ImageShape }>> = {
  lenet: { step: 3e-4, bar: 1e-9 },
  "lenet-wide": { step: 1e-6, bar: 1e-8 },
  convnet8: { step: 1e-8, bar: 1e-8 },
  convnet: { step: 1e-6, bar: 1e-8 },
  mlp: { step: 1e-6, bar: 1e-8 },
  "convnet-bn": { step: 1e-7, bar: 1e-8 },
  cnn6: { step: 1e-7, bar: 1e-8 },
  resnet20: { step: 1e-8, bar: 1e-7 },
  vit: { step: 1e-4, bar: 1e-8, shape: [3, 8, 8] },
  transformer: { step: 1e-6, bar: 1e-8, shape: [6, 1, 5] },
};

/** Values near those of fresh weights, with running statistics that are no identity. */
function drawn({ shape, initial }: Parameter, seed: number): Float64Array {
  if ("constant" in initial) return draw(seed, sizeOf(shape), 0.25).map((value) => initial.constant + value);
  return draw(seed, sizeOf(shape), "uniform" in initial ? initial.uniform : 2 * initial.normal);
}

describe("the second order of a model is the slope of its first order along v", () => {
  it.each(Object.entries(precision))("%s", async (id, { step, bar, shape = [3, 9, 9] }) => {
    const model = { ...models, ...textModels }[id]!(shape, 5);
    const graph = createGraph();
    const x = graph.input("x", [2, ...shape]);
    const labels = graph.input("labels", [2, 5]);
    const { loss, gradients } = traceLoss(model, x, labels);
    const product = gradients
      .map((part, i) => sum(mul(graph.input(`v${i}`, part.shape), part)))
      .reduce((total, term) => add(total, term));
    const outputs = { first: grad(loss, [x])[0]!, second: grad(product, [x])[0]! };
    const program = await compile(outputs, { backend: nodeCpu({ threads: 1 }), dtype: "float64" });
    const direction = model.parameters.map(({ shape }, i) => draw(300 + i, sizeOf(shape)));
    const at = (epsilon: number) => {
      const feeds: Record<string, FloatArray> = { x: draw(1, sizeOf(x.shape)), labels: draw(2, 10).map(Math.abs) };
      model.parameters.forEach((parameter, i) => {
        feeds[`v${i}`] = direction[i]!;
        feeds[`parameter:${parameter.name}`] = drawn(parameter, 100 + i).map((w, j) => w + epsilon * direction[i]![j]!);
      });
      model.buffers.forEach((buffer, i) => {
        feeds[`parameter:${buffer.name}`] = drawn(buffer, 500 + i);
      });
      return program.run(feeds);
    };
    const points = [-2, -1, 1, 2];
    const [b2, b1, f1, f2] = (await Promise.all(points.map((k) => at(k * step)))).map(({ first }) => first);
    const slope = b2!.map((_, i) => (8 * (f1![i]! - b1![i]!) - (f2![i]! - b2![i]!)) / (12 * step));
    const { second } = await at(0);
    await program.dispose();
    expect(relativeError(second, slope)).toBeLessThan(bar);
  });
});
