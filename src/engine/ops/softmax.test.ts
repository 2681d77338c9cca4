import { describe, expect, it } from "vitest";
import { testOpCases } from "../../../test/op-cases.js";
import { nodeCpu } from "../backends/node-cpu.js";
import { compile } from "../compile.js";
import { createGraph, GraphError } from "../graph.js";
import { crossEntropy, logSoftmax, softmax } from "./softmax.js";

testOpCases("softmax", {
  logSoftmax: ([x]) => logSoftmax(x!),
  softmax: ([x]) => softmax(x!),
  crossEntropy: ([logits, targets]) => crossEntropy(logits!, targets!),
});

describe("crossEntropy", () => {
  it("does not overflow at logits where the exponential would", async () => {
    const graph = createGraph();
    const loss = crossEntropy(graph.input("logits", [2, 3]), graph.input("targets", [2, 3]));
    const program = await compile({ loss }, { backend: nodeCpu({ threads: 1 }), dtype: "float32" });
    const targets = Float32Array.of(1, 0, 0, 0, 1, 0);
    const { loss: value } = await program.run({ logits: Float32Array.of(1000, 0, 0, 1000, 0, 0), targets });
    expect(value[0]).toBe(500);
    await program.dispose();
  });

  it("refuses targets of another shape, which would broadcast in silence", () => {
    const graph = createGraph();
    expect(() => crossEntropy(graph.input("x", [2, 3]), graph.input("t", [3]))).toThrow(GraphError);
  });
});
