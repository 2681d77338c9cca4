import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { draw } from "../../../test/engine-fixture.js";
import { testOpCases } from "../../../test/op-cases.js";
import type { DType, FloatArray } from "../../math/tensor.js";
import { nodeCpu } from "../backends/node-cpu.js";
import { compile } from "../compile.js";
import { grad } from "../gradient.js";
import { createGraph, type Node } from "../graph.js";
import * as A from "./activation.js";
import { mul } from "./elementwise.js";
import { sum } from "./reduce.js";

/** Fixtures draw from [-1, 1) and spread by `scale`. */
const spread =
  <Options>(op: (x: Node, options: Options) => Node) =>
  ([x]: readonly Node[], options: Options & { scale: number }) =>
    op(mul(options.scale, x!), options);

testOpCases("activation", {
  leakyRelu: spread((x, { slope }: { slope: number }) => A.leakyRelu(x, slope)),
  elu: spread((x, { alpha }: { alpha: number }) => A.elu(x, alpha)),
  gelu: spread((x) => A.gelu(x, "none")),
  geluTanh: spread((x) => A.gelu(x, "tanh")),
  silu: spread(A.silu),
  softplus: spread(A.softplus),
  erf: spread(A.erf),
  clamp: spread((x, { low, high }: { low: number; high: number }) => A.clamp(x, low, high)),
  relu6: spread(A.relu6),
  hardSigmoid: spread(A.hardSigmoid),
  hardSwish: spread(A.hardSwish),
});

/** `count` numbers from `from` to `to`, both included. */
const range = (from: number, to: number, count: number) =>
  Float64Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));

/** Value and derivative of `op` at each of `at`. */
async function evaluate(op: (x: Node) => Node, at: FloatArray, dtype: DType) {
  const graph = createGraph();
  const x = graph.input("x", [at.length]);
  const value = op(x);
  const outputs = { value, slope: grad(sum(value), [x])[0]! };
  const program = await compile(outputs, { backend: nodeCpu({ threads: 1 }), dtype });
  try {
    return await program.run({ x: at });
  } finally {
    await program.dispose();
  }
}

const activations: Readonly<Record<string, (x: Node) => Node>> = {
  "leakyRelu 0.2": (x) => A.leakyRelu(x, 0.2),
  "elu 0.7": (x) => A.elu(x, 0.7),
  gelu: (x) => A.gelu(x),
  "gelu by tanh": (x) => A.gelu(x, "tanh"),
  silu: A.silu,
  softplus: A.softplus,
  erf: A.erf,
  "clamp to [-0.3, 1.1]": (x) => A.clamp(x, -0.3, 1.1),
  "clamp from below": (x) => A.clamp(x, -0.3, Infinity),
  relu6: A.relu6,
  hardSigmoid: A.hardSigmoid,
  hardSwish: A.hardSwish,
};
const kinks = [-3, -0.3, 0, 1.1, 3, 6];

describe("activations", () => {
  it.each(Object.entries(activations))("%s has the derivative that differences show", async (_, op) => {
    const h = 1e-4;
    const property = fc.asyncProperty(fc.integer({ min: 0, max: 1e6 }), async (seed) => {
      const at = draw(seed, 40, 8).filter((x) => kinks.every((kink) => Math.abs(x - kink) > 3 * h));
      const steps = [-2, -1, 1, 2].map((count) => at.map((x) => x + count * h));
      const { value, slope } = await evaluate(
        op,
        Float64Array.from([at, ...steps].flatMap((part) => [...part])),
        "float64",
      );
      const [b2, b1, f1, f2] = steps.map((_, i) => value.slice((i + 1) * at.length, (i + 2) * at.length));
      at.forEach((x, i) => {
        const difference = (8 * (f1![i]! - b1![i]!) - (f2![i]! - b2![i]!)) / (12 * h);
        expect(Math.abs(slope[i]! - difference), `at ${x}`).toBeLessThan(1e-9);
      });
    });
    await fc.assert(property, { numRuns: 4 });
  });

  it("gives erf to 1e-15 in float64, and 1 far out", async () => {
    // Abramowitz and Stegun, table 7.1, with further digits of Python's math.erf.
    const known = [
      [0, 0],
      [0.1, 0.1124629160182849],
      [0.5, 0.5204998778130465],
      [1, 0.8427007929497149],
      [2, 0.9953222650189527],
      [3, 0.9999779095030014],
      [6, 1],
      [1e3, 1],
      [Infinity, 1],
    ] as const;
    const { value } = await evaluate(A.erf, Float64Array.from(known.flatMap(([x]) => [x, -x])), "float64");
    known.forEach(([x, y], i) => {
      expect(Math.abs(value[2 * i]! - y), `erf ${x}`).toBeLessThan(1e-15);
      expect(value[2 * i + 1], `odd at ${x}`).toBe(-value[2 * i]!);
    });
    const small = await evaluate(A.erf, Float64Array.of(1e-12), "float64");
    expect(small.value[0]! / 1e-12).toBeCloseTo(2 / Math.sqrt(Math.PI), 14);
  });

  it.each(["float32", "float64"] as const)("stays finite far from 0 in %s", async (dtype) => {
    const at = range(-200, 200, 41);
    for (const [name, op] of Object.entries(activations)) {
      const { value, slope } = await evaluate(op, at, dtype);
      expect([...value, ...slope].every(Number.isFinite), name).toBe(true);
    }
    const { value, slope } = await evaluate(A.softplus, Float64Array.of(-200, 200), dtype);
    expect([...value, ...slope]).toEqual([expect.closeTo(0, 15), 200, expect.closeTo(0, 15), 1]);
  });

  it("takes PyTorch's side at a kink: clamp includes its bounds, the others do not", async () => {
    const slopeAt = async (op: (x: Node) => Node, ...at: number[]) => [
      ...(await evaluate(op, Float64Array.from(at), "float64")).slope,
    ];
    expect(await slopeAt((x) => A.clamp(x, -0.5, 1), -0.75, -0.5, 1, 1.25)).toEqual([0, 1, 1, 0]);
    expect(await slopeAt(A.relu6, 0, 3, 6)).toEqual([0, 1, 0]);
    expect(await slopeAt((x) => A.leakyRelu(x, 0.25), -1, 0, 1)).toEqual([0.25, 0.25, 1]);
    expect(await slopeAt((x) => A.elu(x, 0.5), 0, 1)).toEqual([0.5, 1]);
  });

  it("refuses numbers that make no such function", () => {
    const x = createGraph().input("x", [1]);
    expect(() => A.leakyRelu(x, -1)).toThrow("leakyRelu: expected a slope of 0 or more, got -1");
    expect(() => A.elu(x, Number.NaN)).toThrow("elu: expected an alpha of 0 or more, got NaN");
    expect(() => A.clamp(x, 1, 1)).toThrow("clamp: expected low < high, got 1 and 1");
  });
});
