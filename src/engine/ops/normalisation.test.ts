import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { draw, relativeError } from "../../../test/engine-fixture.js";
import { testOpCases } from "../../../test/op-cases.js";
import { type DType, sizeOf, tensor } from "../../math/tensor.js";
import { nodeCpu } from "../backends/node-cpu.js";
import { compile } from "../compile.js";
import { grad } from "../gradient.js";
import { createGraph, GraphError, type Node } from "../graph.js";
import { add, mul, square, tanh } from "./elementwise.js";
import { transpose } from "./layout.js";
import { affine, batchNorm, batchNormTrain, groupNorm, instanceNorm, layerNorm } from "./normalisation.js";
import { sum } from "./reduce.js";

const epsilon = 1e-5;

/** The running statistics of normalisation.py. */
function statistics({ graph, shape }: Node) {
  const steps = Array.from({ length: shape[1]! }, (_, channel) => channel);
  const vector = (values: number[]) => graph.constant(tensor([values.length], Float64Array.from(values)));
  return { mean: vector(steps.map((c) => 0.5 - c)), variance: vector(steps.map((c) => 0.25 + c / 4)) };
}

testOpCases("normalisation", {
  affine: ([x, scale, shift]) => affine(x!, scale!, shift!),
  batchNorm: ([x, weight, bias]) => batchNorm(x!, { weight: weight!, bias: bias!, ...statistics(x!), epsilon }),
  batchNormTrain: ([x, weight, bias]) => batchNormTrain(x!, weight!, bias!, epsilon).y,
  layerNorm: ([x, weight, bias], { rank }: { rank: number }) => layerNorm(x!, weight!, bias!, rank, epsilon),
  groupNorm: ([x, weight, bias], { groups }: { groups: number }) => groupNorm(x!, groups, weight!, bias!, epsilon),
  instanceNorm: ([x, weight, bias]) => instanceNorm(x!, weight!, bias!, epsilon),
});

describe("normalisation", () => {
  it("gives the batch's statistics in train mode, the population's variance", async () => {
    const graph = createGraph();
    const x = graph.input("x", [2, 2, 1, 3]);
    const one = graph.constant(tensor([2], Float64Array.of(1, 1)));
    const { mean, variance } = batchNormTrain(x, one, one, epsilon);
    const program = await compile({ mean, variance }, { backend: nodeCpu({ threads: 1 }), dtype: "float64" });
    const values = draw(1, 12);
    const results = await program.run({ x: values });
    await program.dispose();
    for (const channel of [0, 1]) {
      const own = [0, 1].flatMap((sample) => [...values.slice(6 * sample + 3 * channel, 6 * sample + 3 * channel + 3)]);
      const average = own.reduce((total, value) => total + value, 0) / 6;
      expect(results.mean[channel]).toBeCloseTo(average, 14);
      expect(results.variance[channel]).toBeCloseTo(own.reduce((total, v) => total + (v - average) ** 2, 0) / 6, 14);
    }
  });

  it("keeps the digits of float32 where a channel has 100,000 values", async () => {
    const shape = [8, 2, 112, 112];
    const values = draw(1, 8 * 2 * 112 * 112).map((value) => Math.fround(value + 1));
    const evaluate = async (dtype: DType) => {
      const graph = createGraph();
      const x = graph.input("x", shape);
      const one = graph.constant(tensor([2], Float64Array.of(1, 1)));
      const outputs = { train: batchNormTrain(x, one, one, epsilon).y, group: groupNorm(x, 1, one, one, epsilon) };
      const program = await compile(outputs, { backend: nodeCpu({ threads: 1 }), dtype });
      const results = await program.run({ x: values });
      await program.dispose();
      return results;
    };
    const [short, long] = [await evaluate("float32"), await evaluate("float64")];
    expect(relativeError(short.train, long.train)).toBeLessThan(1e-6);
    expect(relativeError(short.group, long.group)).toBeLessThan(1e-6);
  });

  it("refuses what does not fit", () => {
    const graph = createGraph();
    const [x, w] = [graph.input("x", [1, 3, 1, 1]), graph.input("w", [2])];
    expect(() => affine(x, w, w)).toThrow(
      new GraphError("affine: [1,3,1,1] takes scale and shift of [3], got [2], [2]"),
    );
    expect(() => batchNorm(x, { weight: w, bias: w, mean: w, variance: w, epsilon })).toThrow(
      /takes weight, bias, mean/,
    );
    expect(() => batchNormTrain(x, w, w, epsilon)).toThrow(/one value per channel; take more samples/);
    expect(() => groupNorm(x, 2, w, w, epsilon)).toThrow("groupNorm: 3 channels do not divide into 2 groups");
  });
});

describe("first and second derivative against central differences", () => {
  const vector = ({ graph, shape }: Node, first: number) =>
    graph.constant(
      tensor(
        [shape[1]!],
        Float64Array.from({ length: shape[1]! }, (_, c) => first + c / 4),
      ),
    );
  const layers: Readonly<Record<string, (x: Node, weight: Node, bias: Node) => Node>> = {
    batchNorm: (x, weight, bias) =>
      batchNorm(x, { weight, bias, mean: vector(x, -0.5), variance: vector(x, 0.25), epsilon }),
    batchNormTrain: (x, weight, bias) => batchNormTrain(x, weight, bias, 0.1).y,
    groupNorm: (x, weight, bias) => groupNorm(x, x.shape[1]! / 2, weight, bias, 0.1),
    instanceNorm: (x, weight, bias) => instanceNorm(x, weight, bias, 0.1),
    "layerNorm of channels last": (x, weight, bias) => layerNorm(transpose(x, [0, 2, 3, 1]), weight, bias, 1, 0.1),
  };

  it.each(Object.entries(layers))("%s", async (_, layer) => {
    const extent = fc.integer({ min: 1, max: 4 });
    const property = fc.asyncProperty(extent, extent, extent, extent, fc.nat(1e6), async (...geometry) => {
      const [batch, pairs, height, width, seed] = geometry;
      // One more row, as train mode refuses a single value per channel.
      const shapes = { x: [batch, 2 * pairs, height + 1, width], weight: [2 * pairs], bias: [2 * pairs] };
      const graph = createGraph();
      const nodes = Object.entries(shapes).map(([name, shape]) => graph.input(name, shape));
      const [x, weight, bias] = nodes as [Node, Node, Node];
      const along = (loss: Node) =>
        grad(loss, nodes)
          .map((part, i) => sum(mul(part, graph.input(`direction${i}`, part.shape))))
          .reduce((total, term) => add(total, term));
      const value = sum(square(tanh(layer(x, weight, bias))));
      const slope = along(value);
      const outputs = { value, slope, curvature: along(slope) };
      const program = await compile(outputs, { backend: nodeCpu({ threads: 1 }), dtype: "float64" });
      const run = (step: number) => {
        const feeds: Record<string, Float64Array> = {};
        Object.entries(shapes).forEach(([name, shape], i) => {
          const direction = draw(seed + 3 + i, sizeOf(shape));
          feeds[`direction${i}`] = direction;
          feeds[name] = draw(seed + i, sizeOf(shape)).map((at, j) => at + step * direction[j]!);
        });
        return program.run(feeds);
      };
      const h = 1e-3;
      const [b2, b1, exact, f1, f2] = [await run(-2 * h), await run(-h), await run(0), await run(h), await run(2 * h)];
      await program.dispose();
      for (const [from, to] of [
        ["value", "slope"],
        ["slope", "curvature"],
      ] as const) {
        const difference = (8 * (f1[from][0]! - b1[from][0]!) - (f2[from][0]! - b2[from][0]!)) / (12 * h);
        expect(Math.abs(exact[to][0]! - difference), to).toBeLessThan(1e-7 * (1 + Math.abs(difference)));
      }
    });
    await fc.assert(property, { numRuns: 5 });
  });
});
