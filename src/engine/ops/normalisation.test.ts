import { describe, expect, it } from "vitest";
import { draw } from "../../../test/engine-fixture.js";
import { testOpCases } from "../../../test/op-cases.js";
import { tensor } from "../../math/tensor.js";
import { nodeCpu } from "../backends/node-cpu.js";
import { compile } from "../compile.js";
import { createGraph, GraphError, type Node } from "../graph.js";
import { affine, batchNorm, batchNormTrain, groupNorm, instanceNorm, layerNorm } from "./normalisation.js";

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
