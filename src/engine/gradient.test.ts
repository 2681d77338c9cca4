// What differentiation promises beside the single rules (those are tested in ops/): independence, stopped paths, errors, and
// agreement with finite differences for expressions that fixtures do not hold.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { draw } from "../../test/engine-fixture.js";
import { type FloatArray, sizeOf } from "../math/tensor.js";
import { nodeCpu } from "./backends/node-cpu.js";
import { compile } from "./compile.js";
import { grad, MissingGradientError } from "./gradient.js";
import { createGraph, type Node } from "./graph.js";
import {
  add,
  broadcastTo,
  concat,
  conv,
  div,
  exp,
  log,
  logSoftmax,
  matmul,
  mul,
  pad,
  reshape,
  sigmoid,
  slice,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  swapLast,
  tanh,
} from "./index.js";

const backend = nodeCpu({ threads: 1 });

async function evaluate(outputs: Record<string, Node>, feeds: Record<string, FloatArray> = {}) {
  const program = await compile(outputs, { backend, dtype: "float64" });
  const results = await program.run(feeds);
  await program.dispose();
  return Object.fromEntries(Object.entries(results).map(([name, values]) => [name, [...values]]));
}

describe("grad", () => {
  it("gives zeros of the right shape for what the loss does not depend on", async () => {
    const graph = createGraph();
    const [x, y] = [graph.input("x", [2]), graph.input("y", [2, 3])];
    const [dx, dy] = grad(sum(x), [x, y]);
    expect(await evaluate({ dx: dx!, dy: dy! })).toEqual({ dx: [1, 1], dy: [0, 0, 0, 0, 0, 0] });
  });

  it("stops at stopGradient and counts every other path", async () => {
    const graph = createGraph();
    const x = graph.input("x", [2]);
    const [dx] = grad(sum(mul(stopGradient(square(x)), x)), [x]);
    const [none] = grad(sum(stopGradient(x)), [x]);
    expect(await evaluate({ dx: dx!, none: none! }, { x: Float64Array.of(3, -2) })).toEqual({
      dx: [9, 4],
      none: [0, 0],
    });
  });

  it("differentiates to nodes in the middle, to the loss itself and to the same node twice", async () => {
    const graph = createGraph();
    const x = graph.input("x", []);
    const middle = square(x);
    const loss = mul(middle, x);
    const [dm, dl, a, b] = grad(loss, [middle, loss, x, x]);
    expect(a).toBe(b);
    expect(await evaluate({ dm: dm!, dl: dl!, a: a! }, { x: Float64Array.of(2) })).toEqual({
      dm: [2],
      dl: [1],
      a: [12],
    });
  });

  it("goes to any order: the fourth derivative of x⁵ is 120 x", async () => {
    const graph = createGraph();
    const x = graph.input("x", []);
    let f: Node = mul(x, square(square(x)));
    for (let order = 0; order < 4; order++) f = grad(f, [x])[0]!;
    expect((await evaluate({ f }, { x: Float64Array.of(1.5) })).f![0]).toBeCloseTo(180, 10);
  });

  it("refuses a loss that is no scalar", () => {
    const x = createGraph().input("x", [2]);
    expect(() => grad(x, [x])).toThrow(new RangeError("grad needs a scalar loss, got shape [2]"));
  });

  it("names an op without a gradient rule, but only when a derivative must pass through it", () => {
    const graph = createGraph();
    const x = graph.input("x", [2]);
    const mystery = graph.node("mystery", [x], {}, [2]);
    const loss = sum(square(mystery));
    expect(() => grad(loss, [x])).toThrow(new MissingGradientError('op "mystery" has no gradient rule (shape [2])'));
    expect(() => grad(add(loss, sum(x)), [x])).toThrow(MissingGradientError);
    expect(grad(loss, [mystery])[0]!.shape).toEqual([2]);
  });
});

/** Scalars of a matrix [m, n], positive where the op needs it, smooth everywhere. */
const expressions: Readonly<Record<string, (x: Node, m: number, n: number) => Node>> = {
  quotient: (x, m) => sum(div(tanh(x), add(2, sigmoid(slice(x, [0, 0], [m, 1]))))),
  "log, sqrt": (x) => sum(mul(log(add(2, square(x))), sqrt(add(1, square(x))))),
  "entropy of the softmax": (x) => sum(mul(exp(logSoftmax(x)), logSoftmax(x))),
  "gram matrix": (x) => sum(square(matmul(x, x, { b: true }))),
  "stacked matrices": (x, m, n) => {
    const stack = broadcastTo(reshape(x, [1, m, n]), [2, m, n]);
    return sum(exp(mul(0.1, matmul(swapLast(stack), stack))));
  },
  "total variation, squared": (x, m, n) => {
    const framed = pad(x, [1, 0], [0, 1]);
    return sum(square(sub(slice(framed, [0, 0], [m, n]), slice(framed, [1, 1], [m, n]))));
  },
  "norm quotient": (x, m) =>
    div(sum(mul(x, tanh(x))), sqrt(add(0.1, sum(square(concat([x, slice(x, [0, 0], [m, 1])], 1)))))),
  convolution: (x, m, n) => {
    const image = reshape(x, [1, 1, m, n]);
    const window = { strides: [2, 1], pads: [1, 2, 0, 1], dilations: [1, 2], groups: 1 } as const;
    return sum(tanh(conv(image, reshape(slice(sigmoid(x), [0, 0], [2, 2]), [1, 1, 2, 2]), window)));
  },
};

describe("first and second derivative against central differences", () => {
  it.each(Object.entries(expressions))("%s", async (_, build) => {
    const extent = fc.integer({ min: 2, max: 6 });
    const property = fc.asyncProperty(extent, extent, fc.integer({ min: 0, max: 1e6 }), async (m, n, seed) => {
      const graph = createGraph();
      const x = graph.input("x", [m, n]);
      const direction = graph.input("direction", [m, n]);
      const value = build(x, m, n);
      const slope = sum(mul(direction, grad(value, [x])[0]!));
      const curvature = sum(mul(direction, grad(slope, [x])[0]!));
      const program = await compile({ value, slope, curvature }, { backend, dtype: "float64" });
      const size = sizeOf([m, n]);
      const [at, v] = [draw(seed, size), draw(seed + 1, size)];
      const run = async (step: number) => program.run({ x: at.map((xi, i) => xi + step * v[i]!), direction: v });
      const h = 1e-4;
      // Differences of four points: the error falls with h⁴, so that rounding is all that is left.
      const [b2, b1, f1, f2] = [await run(-2 * h), await run(-h), await run(h), await run(2 * h)];
      const difference = (name: "value" | "slope") =>
        (8 * (f1[name][0]! - b1[name][0]!) - (f2[name][0]! - b2[name][0]!)) / (12 * h);
      const exact = await run(0);
      await program.dispose();
      expect(Math.abs(exact.slope[0]! - difference("value"))).toBeLessThan(1e-9 * (1 + Math.abs(exact.value[0]!)));
      expect(Math.abs(exact.curvature[0]! - difference("slope"))).toBeLessThan(1e-9 * (1 + Math.abs(exact.slope[0]!)));
    });
    await fc.assert(property, { numRuns: 8 });
  });
});
