// The fixture test that every op family runs: value, first and second derivative against PyTorch, in both precisions. With LEAKSCOPE_OPS_ON=webgpu
// (or cuda) in the environment float32 runs there: how the WebGPU provider's wrong kernels were found.
import { describe, expect, it } from "vitest";
import type { Device } from "../src/engine/backends/device-names.js";
import { backendOf } from "../src/engine/backends/node-devices.js";
import { add, compile, createGraph, grad, mul, type Node, sum } from "../src/engine/index.js";
import type { DType, FloatArray } from "../src/math/tensor.js";
import { load, type OpCase, ops, relativeError, tolerance } from "./engine-fixture.js";

const backend = backendOf((process.env.LEAKSCOPE_OPS_ON ?? "cpu") as Device, 1);

/** Builds the op of a case; `options` are those of the Python script. */
export type Build = (inputs: readonly Node[], options: never) => Node;

async function largestError(
  { inputs, cotangent, directions, options, ...expected }: OpCase,
  build: Build,
  dtype: DType,
) {
  const graph = createGraph();
  const feeds: Record<string, FloatArray> = {};
  const feed = (name: string, stored: OpCase["value"]) => {
    feeds[name] = load(stored);
    return graph.input(name, stored.shape);
  };
  const x = inputs.map((stored, i) => feed(`x${i}`, stored));
  const adjoint = feed("cotangent", cotangent);
  const value = build(x, options as never);
  const first = grad(sum(mul(value, adjoint)), x);
  const scalar = first
    .map((part, i) => sum(mul(feed(`direction${i}`, directions[i]!), part)))
    .reduce((total, term) => add(total, term));
  const second = grad(scalar, [...x, adjoint]);
  const outputs: Record<string, Node> = { value };
  const references = new Map([["value", expected.value]]);
  for (const [order, nodes] of Object.entries({ first, second })) {
    nodes.forEach((node, i) => {
      outputs[`${order}${i}`] = node;
      references.set(`${order}${i}`, expected[order as "first" | "second"][i]!);
    });
  }
  const program = await compile(outputs, { backend, dtype });
  const results = await program.run(feeds);
  await program.dispose();
  return Object.fromEntries(
    [...references].map(([name, stored]) => [name, relativeError(results[name]!, load(stored))]),
  );
}

/** Registers one test per fixture of `family` and precision. Every op of the family must have a builder here. */
export function testOpCases(family: string, builders: Readonly<Record<string, Build>>): void {
  const cases = ops.filter((known) => known.family === family);
  describe.each(["float32", "float64"] as const)(`${family} against PyTorch in %s`, (dtype) => {
    it.each(
      cases.map((known) => [`${known.op} ${JSON.stringify(known.inputs.map(({ shape }) => shape))}`, known] as const),
    )("%s", async (_, known) => {
      const errors = await largestError(known, builders[known.op]!, dtype);
      for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThanOrEqual(tolerance[dtype]);
    });
  });
  it(`has a fixture for every builder of ${family}`, () => {
    expect(new Set(cases.map(({ op }) => op))).toEqual(new Set(Object.keys(builders)));
  });
}
