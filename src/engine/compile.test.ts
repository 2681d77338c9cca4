import { describe, expect, it } from "vitest";
import { type DType, tensor } from "../math/tensor.js";
import { nodeCpu } from "./backends/node-cpu.js";
import { type CompileOptions, compile } from "./compile.js";
import { createGraph, GraphError, type Node } from "./graph.js";
import { add, mul, square } from "./ops/elementwise.js";
import { matmul } from "./ops/matmul.js";
import { broadcastTo, sum } from "./ops/reduce.js";

const options: CompileOptions = { backend: nodeCpu({ threads: 1 }), dtype: "float64" };

async function once(outputs: Record<string, Node>, feeds: Record<string, Float64Array>, bind = {}) {
  const program = await compile(outputs, { ...options, bind });
  const results = await program.run(feeds);
  await program.dispose();
  return Object.fromEntries(Object.entries(results).map(([name, values]) => [name, [...values]]));
}

describe("compile", () => {
  it("gives every output its own value where nodes are shared, inputs or constants", async () => {
    const graph = createGraph();
    const x = graph.input("x", [2]);
    const y = square(x);
    const constant = graph.constant(tensor([2], Float32Array.of(5, 6)));
    const outputs = {
      a: y,
      b: square(x),
      same: x,
      constant,
      scalar: graph.constant(7),
      ones: broadcastTo(graph.constant(1), [3]),
    };
    expect(await once(outputs, { x: Float64Array.of(2, 3) })).toEqual({
      a: [4, 9],
      b: [4, 9],
      same: [2, 3],
      constant: [5, 6],
      scalar: [7],
      ones: [1, 1, 1],
    });
  });

  it("lists the inputs that matter, with shapes, and needs no others", async () => {
    const graph = createGraph();
    const [x] = [graph.input("x", [2]), graph.input("idle", [9])];
    const program = await compile({ y: square(x) }, options);
    expect([...program.inputs]).toEqual([["x", [2]]]);
    await program.dispose();
  });

  it.each<DType>(["float32", "float64"])("converts fed arrays to %s and returns that type", async (dtype) => {
    const graph = createGraph();
    const program = await compile({ y: add(graph.input("x", [2]), 1) }, { ...options, dtype });
    for (const x of [Float32Array.of(1, 2), Float64Array.of(1, 2)]) {
      const { y } = await program.run({ x });
      expect(y).toEqual(dtype === "float32" ? Float32Array.of(2, 3) : Float64Array.of(2, 3));
    }
    await program.dispose();
  });

  it("returns arrays that later runs leave alone", async () => {
    const program = await compile({ y: square(createGraph().input("x", [1])) }, options);
    const { y: first } = await program.run({ x: Float64Array.of(2) });
    await program.run({ x: Float64Array.of(3) });
    expect([...first]).toEqual([4]);
    await program.dispose();
  });

  it("names missing and ill-sized feeds", async () => {
    const program = await compile({ y: square(createGraph().input("x", [2, 3])) }, options);
    await expect(program.run({})).rejects.toThrow(
      new RangeError('input "x" takes 6 numbers of shape [2,3], got nothing'),
    );
    await expect(program.run({ x: new Float64Array(5) })).rejects.toThrow(
      /takes 6 numbers of shape \[2,3\], got 5 numb/,
    );
    await program.dispose();
  });

  it("binds inputs, and refuses a value of another shape even where the size agrees", async () => {
    const graph = createGraph();
    const y = mul(graph.input("x", [2]), graph.input("w", [2]));
    const x = Float64Array.of(2, 3);
    expect(await once({ y }, { x }, { w: tensor([2], Float32Array.of(4, 5)) })).toEqual({ y: [8, 15] });
    await expect(once({ y }, { x }, { w: tensor([2, 1], Float32Array.of(4, 5)) })).rejects.toThrow(
      new GraphError('input "w" has shape [2], bound to a value of shape [2,1]'),
    );
  });

  it("refuses names that clash, and lets inputs be called like anything else", async () => {
    const graph = createGraph();
    const x = graph.input("x", [1]);
    await expect(compile({ x: square(x) }, options)).rejects.toThrow(/"x" names both an input and an output/);
    await expect(compile({ "%v0": x }, options)).rejects.toThrow(GraphError);
    await expect(compile({ y: graph.input("%v0", [1]) }, options)).rejects.toThrow(GraphError);
    const y = add(mul(graph.input("v0", [1]), 2), graph.input("c:2", [1]));
    expect(await once({ y }, { v0: Float64Array.of(3), "c:2": Float64Array.of(1) })).toEqual({ y: [7] });
  });

  it("names an op that has no emission rule", async () => {
    const graph = createGraph();
    const mystery = graph.node("mystery", [graph.input("x", [1])], {}, [1]);
    await expect(compile({ mystery }, options)).rejects.toThrow(new GraphError('op "mystery" has no emission rule'));
  });

  it("sums a million float32 numbers without losing digits", async () => {
    const size = 1 << 20;
    const program = await compile({ total: sum(createGraph().input("x", [size])) }, { ...options, dtype: "float32" });
    const { total } = await program.run({ x: new Float32Array(size).fill(0.1) });
    expect(Math.abs(total[0]! / (size * Math.fround(0.1)) - 1)).toBeLessThan(4e-6);
    await program.dispose();
  });

  it("keeps all digits of a float64 factor in front of a matrix product", async () => {
    const graph = createGraph();
    const x = graph.input("x", [1, 2, 2]);
    const y = mul(0.1, matmul(x, x));
    expect(await once({ y }, { x: Float64Array.of(1, 0, 0, 1) })).toEqual({ y: [0.1, 0, 0, 0.1] });
  });
});
