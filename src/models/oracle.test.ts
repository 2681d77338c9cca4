// The exact oracle of spec/engine.md section 4: ∇x⟨v, ∇θL⟩ = d/dε ∇xL(θ+εv). The left side is the second order that attacks use,
// the right side needs the first order only.
import { describe, expect, it } from "vitest";
import { draw, relativeError } from "../../test/engine-fixture.js";
import { nodeCpu } from "../engine/backends/node-cpu.js";
import { add, compile, createGraph, grad, mul, sum } from "../engine/index.js";
import { type FloatArray, sizeOf } from "../math/tensor.js";
import { models } from "./index.js";
import { traceLoss } from "./loss.js";

// Four-point differences err by step⁴; ReLU nets take a step too small to cross a kink and pay with digits.
const precision: Readonly<Record<string, { step: number; bar: number }>> = {
  lenet: { step: 3e-4, bar: 1e-9 },
  "lenet-wide": { step: 1e-6, bar: 1e-8 },
  convnet8: { step: 1e-8, bar: 1e-8 },
  convnet: { step: 1e-6, bar: 1e-8 },
  mlp: { step: 1e-6, bar: 1e-8 },
};

describe("the second order of every model is the slope of its first order along v", () => {
  it.each(Object.entries(precision))("%s", async (id, { step, bar }) => {
    const model = models[id]!([3, 9, 9], 5);
    const graph = createGraph();
    const x = graph.input("x", [2, 3, 9, 9]);
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
      model.parameters.forEach(({ name, shape, initial }, i) => {
        feeds[`v${i}`] = direction[i]!;
        feeds[`parameter:${name}`] = draw(100 + i, sizeOf(shape), (initial as { uniform: number }).uniform).map(
          (w, j) => w + epsilon * direction[i]![j]!,
        );
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
