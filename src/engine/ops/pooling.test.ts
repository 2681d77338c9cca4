import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { draw, relativeError } from "../../../test/engine-fixture.js";
import { testOpCases } from "../../../test/op-cases.js";
import { sizeOf } from "../../math/tensor.js";
import { nodeCpu } from "../backends/node-cpu.js";
import { compile, emit } from "../compile.js";
import { grad } from "../gradient.js";
import { createGraph, GraphError, type Node } from "../graph.js";
import { type AveragePoolOptions, adaptiveAveragePool, averagePool, globalAveragePool } from "./average-pool.js";
import { add, mul, sign, square, stopGradient, sub, tanh } from "./elementwise.js";
import { maxPool } from "./max-pool.js";
import type { PoolOptions } from "./pool-window.js";
import { sum } from "./reduce.js";

testOpCases("max-pool", {
  maxPool: ([x], options: PoolOptions) => maxPool(x!, options),
  maxPoolOfSteps: ([x], options: PoolOptions) => maxPool(add(x!, stopGradient(sub(sign(x!), x!))), options),
});

testOpCases("average-pool", {
  averagePool: ([x], options: AveragePoolOptions) => averagePool(x!, options),
  adaptiveAveragePool: ([x], { bins }: { bins: [number, number] }) => adaptiveAveragePool(x!, bins),
  globalAveragePool: ([x]) => globalAveragePool(x!),
});

const backend = nodeCpu({ threads: 1 });
const upTo = (max: number, min = 1) => fc.integer({ min, max });
const geometry = fc.record({
  maps: upTo(3),
  input: fc.tuple(upTo(12, 9), upTo(12, 9)),
  kernel: fc.tuple(upTo(5), upTo(5)),
  strides: fc.tuple(upTo(4), upTo(4)),
  pads: fc.tuple(upTo(2, 0), upTo(2, 0), upTo(2, 0), upTo(2, 0)),
  dilations: fc.tuple(upTo(2), upTo(2)),
  ceil: fc.boolean(),
});
type Geometry = typeof geometry extends fc.Arbitrary<infer T> ? T : never;

/** Whether all windows see a pixel: they are no wider than the input, and reach into it from either side. */
const sees = ({ kernel, pads, dilations }: Geometry) =>
  pads.every((count, side) => count <= dilations[side % 2]! * (kernel[side % 2]! - 1));

/** Winners of every window by loops, the first in row order: positions in the map, in order of the output. */
function winnersByLoops(x: Float64Array, { maps, input, kernel, strides, pads, dilations }: Geometry, output: Pair) {
  const positions: number[] = [];
  for (let map = 0; map < maps; map++)
    for (let row = 0; row < output[0]; row++)
      for (let column = 0; column < output[1]; column++) {
        let best = -1;
        for (let a = 0; a < kernel[0]; a++)
          for (let b = 0; b < kernel[1]; b++) {
            const i = row * strides[0] + a * dilations[0] - pads[0];
            const j = column * strides[1] + b * dilations[1] - pads[1];
            if (i < 0 || j < 0 || i >= input[0] || j >= input[1]) continue;
            const at = (map * input[0] + i) * input[1] + j;
            if (best < 0 || x[at]! > x[best]!) best = at;
          }
        positions.push(best);
      }
  return positions;
}

type Pair = readonly [number, number];

describe("maxPool", () => {
  it.each(["float32", "float64"] as const)("reads and adds up at the first of equals, in %s", async (dtype) => {
    const property = fc.asyncProperty(geometry.filter(sees), async (drawn) => {
      const { maps, input, ...options } = drawn;
      const graph = createGraph();
      const x = graph.input("x", [1, maps, ...input]);
      const y = maxPool(x, options);
      const adjoint = graph.input("adjoint", y.shape);
      const direction = graph.input("direction", x.shape);
      const back = grad(sum(mul(y, adjoint)), [x])[0]!;
      const forth = grad(sum(mul(back, direction)), [adjoint])[0]!;
      const program = await compile({ y, back, forth }, { backend, dtype });
      // Quarters: many ties, and sums without rounding.
      const quarters = (seed: number, size: number) => draw(seed, size, 4).map((value) => Math.round(value) / 4);
      const feeds = {
        x: quarters(1, sizeOf(x.shape)),
        adjoint: quarters(2, sizeOf(y.shape)),
        direction: quarters(3, sizeOf(x.shape)),
      };
      const results = await program.run(feeds);
      await program.dispose();
      const winners = winnersByLoops(feeds.x, drawn, y.shape.slice(2) as unknown as Pair);
      const added = new Float64Array(sizeOf(x.shape));
      winners.forEach((at, i) => {
        added[at]! += feeds.adjoint[i]!;
      });
      // 0 and -0 are equal, so either may win.
      const unsigned = (values: ArrayLike<number>) => Array.from(values, (value) => value + 0);
      expect(unsigned(results.y)).toEqual(unsigned(winners.map((at) => feeds.x[at]!)));
      expect(unsigned(results.back)).toEqual(unsigned(added));
      expect(unsigned(results.forth)).toEqual(unsigned(winners.map((at) => feeds.direction[at]!)));
    });
    await fc.assert(property, { numRuns: 20 });
  });

  it("gives a window of -∞ only to its first pixel, not to the padding", async () => {
    const x = createGraph().input("x", [1, 1, 4, 4]);
    const y = maxPool(x, { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
    const weights = x.graph.input("weights", y.shape);
    const program = await compile({ dx: grad(sum(mul(y, weights)), [x])[0]! }, { backend, dtype: "float64" });
    const { dx } = await program.run({
      x: new Float64Array(16).fill(-Infinity),
      weights: Float64Array.of(1, 2, 3, 4),
    });
    await program.dispose();
    expect(Array.from(dx)).toEqual([1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("takes steps in proportion to the sides of a wide kernel, not to its area", () => {
    const x = createGraph().input("x", [1, 1, 64, 64]);
    const { bytes } = emit({ dx: grad(sum(maxPool(x, { kernel: [64, 64] })), [x])[0]! }, { dtype: "float32" });
    expect(bytes.length).toBeLessThan(1e5);
  });

  it("survives NaN and infinities: a search that diverged must be able to say so", async () => {
    const x = createGraph().input("x", [1, 1, 4, 4]);
    const loss = sum(square(maxPool(x, { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] })));
    const program = await compile({ loss, dx: grad(loss, [x])[0]! }, { backend, dtype: "float32" });
    for (const value of [Number.NaN, -Infinity, Infinity]) {
      const { dx } = await program.run({ x: new Float32Array(16).fill(value) });
      expect(dx.some((each) => !Number.isFinite(each))).toBe(true);
    }
    await program.dispose();
  });
});

describe("pooling", () => {
  it("has the first and second derivative that central differences have", async () => {
    const property = fc.asyncProperty(geometry.filter(sees), upTo(1e6), async ({ maps, input, ...options }, seed) => {
      const graph = createGraph();
      const x = graph.input("x", [1, maps, ...input]);
      const direction = graph.input("direction", x.shape);
      const means = averagePool(x, { ...options, countPadding: seed % 2 === 0 });
      const value = add(sum(square(tanh(maxPool(x, options)))), sum(mul(means, square(means))));
      const slope = sum(mul(direction, grad(value, [x])[0]!));
      const curvature = sum(mul(direction, grad(slope, [x])[0]!));
      const program = await compile({ value, slope, curvature }, { backend, dtype: "float64" });
      const [at, v] = [draw(seed, sizeOf(x.shape)), draw(seed + 1, sizeOf(x.shape))];
      const run = async (step: number) => program.run({ x: at.map((xi, i) => xi + step * v[i]!), direction: v });
      // No winner changes within steps this short; the error falls with their square.
      const h = 1e-6;
      const [before, exact, after] = [await run(-h), await run(0), await run(h)];
      await program.dispose();
      for (const [order, name] of [
        ["slope", "value"],
        ["curvature", "slope"],
      ] as const) {
        const difference = (after[name][0]! - before[name][0]!) / (2 * h);
        expect(relativeError(exact[order], [difference], 1 + Math.abs(exact.value[0]!))).toBeLessThan(1e-8);
      }
    });
    await fc.assert(property, { numRuns: 12 });
  });

  it("is a mean over the whole map where there is one bin, and its input where bins are pixels", () => {
    const x = createGraph().input("x", [2, 3, 5, 4]);
    expect(adaptiveAveragePool(x, [1, 1])).toBe(globalAveragePool(x));
    expect(adaptiveAveragePool(x, [5, 4])).toBe(x);
  });

  it("refuses what is no image, and windows that see nothing of it", () => {
    const graph = createGraph();
    const image = graph.input("image", [1, 1, 4, 4]);
    const flat = graph.input("flat", [3, 4]);
    const pools: ((x: Node) => Node)[] = [
      (x) => maxPool(x, { kernel: [2, 2] }),
      (x) => averagePool(x, { kernel: [2, 2] }),
      (x) => adaptiveAveragePool(x, [2, 2]),
      globalAveragePool,
    ];
    for (const pool of pools) expect(() => pool(flat)).toThrow("expected an input [N, C, H, W], got [3,4]");
    expect(() => maxPool(image, { kernel: [2, 2], pads: [2, 0, 0, 0] })).toThrow(
      new GraphError(
        "maxPool: a window [2,2] with strides [2,2], pads [2,0,0,0] and dilations [1,1] sees nothing of [1,1,4,4]",
      ),
    );
    expect(() => averagePool(image, { kernel: [5, 2] })).toThrow("averagePool: a window [5,2]");
  });

  it.each([
    [{ kernel: [0, 2] }, "kernel of whole numbers from 1, got [0,2]"],
    [{ kernel: [1.5, 2] }, "kernel of whole numbers from 1, got [1.5,2]"],
    [{ kernel: [2, 2], strides: [0, 1] }, "strides of whole numbers from 1, got [0,1]"],
    [{ kernel: [2, 2], dilations: [1, -1] }, "dilations of whole numbers from 1, got [1,-1]"],
    [{ kernel: [2, 2], pads: [0, -1, 0, 0] }, "pads of whole numbers from 0, got [0,-1,0,0]"],
  ] as const)("refuses the numbers of %j", (options: PoolOptions, message) => {
    const image = createGraph().input("image", [1, 1, 4, 4]);
    expect(() => maxPool(image, options)).toThrow(new GraphError(`maxPool: expected ${message}`));
    expect(() => averagePool(image, options)).toThrow(new GraphError(`averagePool: expected ${message}`));
  });

  it.each([[[0, 2]], [[2, 2.5]], [[-1, 1]]] as const)("refuses bins %j", (bins: readonly [number, number]) => {
    expect(() => adaptiveAveragePool(createGraph().input("image", [1, 1, 4, 4]), bins)).toThrow(
      new GraphError(`adaptiveAveragePool: expected bins of whole numbers from 1, got [${bins}]`),
    );
  });
});
