// Every op that can be imported, against the runtime that others use: ONNX Runtime runs the file itself, we trace it and run our graph.
import { describe, expect, it } from "vitest";
import { draw, relativeError, tolerance } from "../../../../test/engine-fixture.js";
import { type FileSpec, floats, integers, type NodeSpec, onnxFile } from "../../../../test/onnx-file.js";
import { cases, constantOf, folded, type OnnxCase } from "../../../../test/onnx-op-cases.js";
import { sizeOf, type Tensor, tensor } from "../../../math/tensor.js";
import { nodeCpu } from "../../backends/node-cpu.js";
import { compile } from "../../compile.js";
import { createGraph } from "../../graph.js";
import { importOnnx } from "../import.js";
import { rules } from "./rules.js";

const backend = nodeCpu({ threads: 1 });

async function both(spec: FileSpec, x: Tensor) {
  const bytes = onnxFile(spec);
  const session = await backend.load(bytes, "float32");
  const data = Float32Array.from(x.data);
  const expected = await session.run({ x: { shape: x.shape, data } });
  await session.dispose();
  const graph = createGraph();
  const imported = importOnnx(bytes, "test.onnx");
  const traced = imported.trace(graph.input("x", x.shape), {
    samples: x.shape[0]!,
    parameter: (_, { shape, data }) => graph.constant(tensor(shape, data)),
  });
  const program = await compile({ y: traced.output.node }, { backend, dtype: "float32" });
  const actual = await program.run({ x: data });
  await program.dispose();
  return { actual: actual.y, expected: expected[spec.outputs[0]!]!, output: traced.output };
}

function specOf({ type, shape, operands = [], attributes = {}, opset = 17, outputs = 1 }: OnnxCase): FileSpec {
  const names = operands.map((operand, i) => (operand === undefined ? "" : `w${i}`));
  const initialisers = operands.flatMap((operand, i) => {
    if (operand === undefined) return [];
    if (!("shape" in operand)) return [integers(`w${i}`, operand)];
    const values = draw(50 + i, sizeOf(operand.shape));
    return [floats(`w${i}`, operand.shape, operand.positive ? values.map((value) => 1 + value / 2) : values)];
  });
  const results = Array.from({ length: outputs }, (_, i) => `y${i}`);
  return {
    opset,
    inputs: { x: shape },
    outputs: [results.at(-1)!],
    initialisers,
    nodes: [[type, ["x", ...names], results, attributes]],
  };
}

describe("an imported op gives what ONNX Runtime gives", () => {
  it.each(
    cases.map((known) => [`${known.type} ${JSON.stringify(known.attributes)} of [${known.shape}]`, known] as const),
  )("%s", async (_, known) => {
    const values = draw(7, sizeOf(known.shape), 2);
    const x = tensor(known.shape, known.positive ? values.map((value) => 1.5 + value / 2) : values);
    const { actual, expected } = await both(specOf(known), x);
    expect(relativeError(actual, expected)).toBeLessThanOrEqual(tolerance.float32);
  });
});

describe("an imported op of constants gives what ONNX Runtime gives", () => {
  it.each(folded.map((known) => [JSON.stringify(known), known] as const))(
    "%s",
    async (_, [type, operands, attributes]) => {
      const constants = operands.map((operand, i) => constantOf(`k${i}`, operand));
      const names = constants.map(({ name }) => name);
      const spec: FileSpec = {
        inputs: { x: [2, 1] },
        outputs: ["y"],
        nodes: [
          ...constants.map((tensor): NodeSpec => ["Constant", [], [tensor.name], { value: { tensor } }]),
          [type, names, ["k"], attributes ?? {}],
          ["Cast", ["k"], ["float"], { to: 1 }],
          ["Add", ["x", "float"], ["y"]],
        ],
      };
      const { actual, expected } = await both(spec, tensor([2, 1], Float64Array.of(0.5, 0.25)));
      expect(Array.from(actual)).toEqual(Array.from(expected));
    },
  );

  it("covers every op, with those above", () => {
    const own = ["Constant"];
    const types = new Set([...cases.map(({ type }) => type), ...folded.map(([type]) => type), ...own]);
    expect(types).toEqual(new Set(Object.keys(rules)));
  });
});
