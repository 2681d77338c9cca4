import { describe, expect, it } from "vitest";
import { draw, relativeError } from "../../../test/engine-fixture.js";
import { type FloatArray, sizeOf } from "../../math/tensor.js";
import { nodeCpu } from "../backends/node-cpu.js";
import { compile, emit } from "../compile.js";
import { grad } from "../gradient.js";
import { createGraph, GraphError, type Node } from "../graph.js";
import { conv } from "./convolution.js";
import { add, square } from "./elementwise.js";
import { reshape, slice } from "./layout.js";
import { channelwise, inParts, linear, samplesPerPart, sharedByParts } from "./parts.js";
import { sum } from "./reduce.js";
import { squareWindow } from "./window.js";

async function evaluate(outputs: Record<string, Node>, feeds: Record<string, FloatArray>) {
  const program = await compile(outputs, { backend: nodeCpu({ threads: 1 }), dtype: "float64" });
  const results = await program.run(feeds);
  await program.dispose();
  return results;
}

/** A layer on a batch [4, ...]: its input shape, parameter shapes, and how it is applied. */
const layers: Record<string, { x: number[]; parameters: number[][]; apply: (x: Node, ...p: Node[]) => Node }> = {
  linear: { x: [4, 3], parameters: [[5, 3], [5]], apply: (x, w, b) => linear(x, w!, b) },
  "linear over tokens": { x: [4, 2, 3], parameters: [[5, 3], [5]], apply: (x, w, b) => linear(x, w!, b) },
  convolution: {
    x: [4, 2, 5, 4],
    parameters: [[3, 2, 3, 3], [3]],
    apply: (x, w, b) => {
      const y = conv(x, w!, squareWindow({ padding: 1, stride: 2 }));
      return add(y, channelwise(b!, y));
    },
  },
};

describe.each(Object.entries(layers))("%s in parts", (_, { x, parameters, apply }) => {
  const feeds = { x: draw(1, sizeOf(x)), p0: draw(2, sizeOf(parameters[0]!)), p1: draw(3, sizeOf(parameters[1]!)) };

  it.each([1, 2, 4])("has the gradients of %i parts on their own", async (parts) => {
    const graph = createGraph();
    const input = graph.input("x", x);
    const shared = parameters.map((shape, i) => graph.input(`p${i}`, shape));
    const split = shared.map((parameter) => inParts(parameter, parts));
    const together = grad(sum(square(apply(input, ...split))), split);
    const samples = 4 / parts;
    const outputs: Record<string, Node> = {};
    for (let part = 0; part < parts; part++) {
      const starts = x.map((_, axis) => (axis === 0 ? part * samples : 0));
      const alone = slice(input, starts, [samples, ...x.slice(1)]);
      grad(sum(square(apply(alone, ...shared))), shared).forEach((expected, i) => {
        outputs[`${part} ${i} alone`] = expected;
        const at = together[i]!.shape.map((_, axis) => (axis === 0 ? part : 0));
        outputs[`${part} ${i} together`] = reshape(slice(together[i]!, at, [1, ...expected.shape]), expected.shape);
      });
    }
    const results = await evaluate(outputs, feeds);
    for (let part = 0; part < parts; part++)
      for (let i = 0; i < 2; i++)
        expect(relativeError(results[`${part} ${i} together`]!, results[`${part} ${i} alone`]!)).toBeLessThan(1e-14);
  });

  it("costs nothing in the forward pass where the parameter is shared", () => {
    const graph = createGraph();
    const input = graph.input("x", x);
    const shared = parameters.map((shape, i) => graph.input(`p${i}`, shape));
    const split = [inParts(shared[0]!, 2), ...shared.slice(1)];
    const text = (y: Node) => Buffer.from(emit({ y }, { dtype: "float32" }).bytes).toString("latin1");
    expect(text(apply(input, ...split)).includes("Expand")).toBe(false);
  });
});

describe("parts", () => {
  it("finds the parameter that all parts share, and none where they may differ", () => {
    const graph = createGraph();
    const w = graph.input("w", [2, 3]);
    expect(sharedByParts(inParts(w, 4))).toBe(w);
    expect(sharedByParts(graph.input("own", [4, 2, 3]))).toBeUndefined();
    expect(sharedByParts(add(inParts(w, 4), graph.input("own", [4, 2, 3])))).toBeUndefined();
  });

  it("refuses a batch that does not divide", () => {
    expect(() => samplesPerPart("conv", 5, 2)).toThrow(
      new GraphError("conv: a batch of 5 does not divide into 2 parts"),
    );
  });
});
