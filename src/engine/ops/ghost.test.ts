import { describe, expect, it } from "vitest";
import { draw, relativeError } from "../../../test/engine-fixture.js";
import { sizeOf } from "../../math/tensor.js";
import { nodeCpu } from "../backends/node-cpu.js";
import { compile } from "../compile.js";
import { grad } from "../gradient.js";
import { createGraph, GraphError, type Node, topological } from "../graph.js";
import { convWeightGrad } from "./convolution.js";
import { add, mul, square, sub } from "./elementwise.js";
import { ghostNorm, ghostProduct, prefersGhost } from "./ghost.js";
import { matmul } from "./matmul.js";
import { sum } from "./reduce.js";
import { squareWindow } from "./window.js";

interface Gradient {
  readonly x: number[];
  readonly dy: number[];
  readonly of: (x: Node, dy: Node) => Node;
}

const byConvolution = (x: number[], weight: number[], dy: number[], stride = 1, padding = 1): Gradient => ({
  x,
  dy,
  of: (input, adjoint) => convWeightGrad(input, adjoint, squareWindow({ stride, padding }), weight),
});

/** Gradients with few positions and wide weights, where the ghost form pays. */
const gradients: Record<string, Gradient> = {
  "convolution, batch 1": byConvolution([1, 16, 2, 2], [24, 16, 3, 3], [1, 24, 2, 2]),
  "convolution, batch 2, stride 2": byConvolution([2, 40, 3, 4], [32, 40, 3, 3], [2, 32, 2, 2], 2),
  "pointwise convolution": byConvolution([1, 32, 2, 2], [32, 32, 1, 1], [1, 32, 2, 2], 1, 0),
  "linear layer": { x: [2, 20], dy: [2, 15], of: (x, dy) => matmul(dy, x, { a: true }) },
  "linear layer, weight transposed": { x: [2, 20], dy: [2, 15], of: (x, dy) => matmul(x, dy, { a: true }) },
};

describe("the ghost form", () => {
  it.each(Object.entries(gradients))("equals the direct form, with its derivatives: %s", async (_, { x, dy, of }) => {
    const graph = createGraph();
    const [input, adjoint] = [graph.input("x", x), graph.input("dy", dy)];
    const gradient = of(input, adjoint);
    const target = graph.input("target", gradient.shape);
    const value = (norm: Node, product: Node) => add(mul(0.5, norm), mul(3, product));
    const ghost = value(ghostNorm(gradient), ghostProduct(gradient, target));
    const direct = value(sum(square(gradient)), sum(mul(gradient, target)));
    const outputs: Record<string, Node> = {};
    for (const [form, scalar] of Object.entries({ ghost, direct })) {
      const [dx, ddy] = grad(scalar, [input, adjoint]);
      Object.assign(outputs, { [`${form} value`]: scalar, [`${form} dx`]: dx, [`${form} ddy`]: ddy });
    }
    expect(topological([outputs["ghost value"]!])).not.toContain(gradient);
    expect(topological([outputs["direct value"]!])).toContain(gradient);
    const program = await compile(outputs, { backend: nodeCpu({ threads: 1 }), dtype: "float64" });
    const results = await program.run({
      x: draw(1, sizeOf(x)),
      dy: draw(2, sizeOf(dy)),
      target: draw(3, sizeOf(gradient.shape)),
    });
    await program.dispose();
    for (const name of ["value", "dx", "ddy"]) {
      expect(relativeError(results[`ghost ${name}`]!, results[`direct ${name}`]!), name).toBeLessThan(1e-13);
    }
  });

  it("is not taken where it costs more: many positions, small weights, or a gradient that is no product", () => {
    const graph = createGraph();
    const [x, dy] = [graph.input("x", [4, 3, 16, 16]), graph.input("dy", [4, 8, 16, 16])];
    const gradient = convWeightGrad(x, dy, squareWindow({ padding: 1 }), [8, 3, 3, 3]);
    const bias = sub(graph.input("b", [5]), 1);
    for (const tensor of [gradient, bias]) {
      expect(prefersGhost(tensor)).toBe(false);
      expect(() => ghostNorm(tensor)).toThrow(GraphError);
      expect(() => ghostProduct(tensor, tensor)).toThrow("does not exist or costs more");
    }
  });
});
