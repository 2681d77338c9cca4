import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { draw } from "../../../test/engine-fixture.js";
import { testOpCases } from "../../../test/op-cases.js";
import { type FloatArray, sizeOf } from "../../math/tensor.js";
import { nodeCpu } from "../backends/node-cpu.js";
import { compile } from "../compile.js";
import { grad } from "../gradient.js";
import { createGraph, type Graph, GraphError, type Node } from "../graph.js";
import { causalMask, multiHeadAttention, scaledDotProductAttention } from "./attention.js";
import { mul, sub } from "./elementwise.js";
import { concat, slice } from "./layout.js";
import { inParts } from "./parts.js";
import { sum } from "./reduce.js";

const backend = nodeCpu({ threads: 1 });

interface Options {
  readonly heads: number;
  readonly causal?: boolean;
}

const attend = (inputs: readonly Node[], { heads, causal }: Options) => {
  const [x, inProjWeight, inProjBias, outWeight, outBias] = inputs as [Node, Node, Node, Node, Node];
  const mask = causal ? { mask: causalMask(x.graph, x.shape[1]!) } : {};
  return multiHeadAttention(x, { inProjWeight, inProjBias, outWeight, outBias, heads, ...mask });
};

testOpCases("attention", {
  scaledDotProductAttention: ([q, k, v, given], { causal }: { causal?: boolean }) => {
    const mask = causal ? causalMask(q!.graph, q!.shape[2]!) : given;
    return scaledDotProductAttention(q!, k!, v!, mask ? { mask } : {});
  },
  multiHeadAttention: attend,
  multiHeadAttentionInParts: attend,
});

/** x [N, T, D] and PyTorch's four parameters, named a to e, of one size or in parts. */
function inputsOf(
  graph: Graph,
  [batch, tokens, dim]: readonly [number, number, number],
  parts: readonly number[] = [],
) {
  const shapes = [
    [batch, tokens, dim],
    ...[[3 * dim, dim], [3 * dim], [dim, dim], [dim]].map((own) => [...parts, ...own]),
  ];
  return shapes.map((shape, i) => graph.input("abcde"[i]!, shape));
}

const drawn = (inputs: readonly Node[], seed: number): Record<string, FloatArray> =>
  Object.fromEntries(inputs.map(({ shape }, i) => ["abcde"[i]!, draw(seed + i, sizeOf(shape))]));

async function evaluate(outputs: Record<string, Node>, feeds: Record<string, FloatArray>) {
  const program = await compile(outputs, { backend, dtype: "float64" });
  try {
    return await program.run(feeds);
  } finally {
    await program.dispose();
  }
}

describe("attention", () => {
  it("has the derivatives that differences show, of both orders", async () => {
    const small = fc.integer({ min: 1, max: 3 });
    const property = fc.asyncProperty(
      small,
      small,
      small,
      small,
      fc.nat(1e6),
      async (batch, tokens, heads, depth, seed) => {
        const graph = createGraph();
        const inputs = inputsOf(graph, [batch, tokens, heads * depth]);
        const value = sum(
          mul(attend(inputs, { heads, causal: seed % 2 === 0 }), graph.input("weights", inputs[0]!.shape)),
        );
        const along = inputs.map(({ shape }, i) => graph.input(`along${i}`, shape));
        const inner = (gradients: readonly Node[]) =>
          gradients.map((each, i) => sum(mul(each, along[i]!))).reduce((total, term) => sub(total, mul(-1, term)));
        const slope = inner(grad(value, inputs));
        const curvature = inner(grad(slope, inputs));
        const program = await compile({ value, slope, curvature }, { backend, dtype: "float64" });
        const at = drawn(inputs, seed);
        const directions = inputs.map(({ shape }, i) => draw(seed + 10 + i, sizeOf(shape)));
        const fixed = {
          weights: draw(seed + 20, sizeOf(inputs[0]!.shape)),
          ...Object.fromEntries(directions.map((values, i) => [`along${i}`, values])),
        };
        const run = (step: number) =>
          program.run({
            ...fixed,
            ...Object.fromEntries(
              directions.map((direction, i) => ["abcde"[i]!, at["abcde"[i]!]!.map((x, j) => x + step * direction[j]!)]),
            ),
          });
        const h = 1e-3;
        const [b2, b1, exact, f1, f2] = [
          await run(-2 * h),
          await run(-h),
          await run(0),
          await run(h),
          await run(2 * h),
        ];
        await program.dispose();
        for (const [name, derivative] of [
          ["value", "slope"],
          ["slope", "curvature"],
        ] as const) {
          const difference = (8 * (f1[name][0]! - b1[name][0]!) - (f2[name][0]! - b2[name][0]!)) / (12 * h);
          expect(Math.abs(exact[derivative][0]! - difference)).toBeLessThan(1e-7 * (1 + Math.abs(difference)));
        }
      },
    );
    await fc.assert(property, { numRuns: 6 });
  });

  it("lets no token see a later one under the causal mask, in value and in gradient", async () => {
    const graph = createGraph();
    const inputs = inputsOf(graph, [1, 4, 2]);
    const y = attend(inputs, { heads: 1, causal: true });
    const first = sum(slice(y, [0, 0, 0], [1, 2, 2]));
    const { dx } = await evaluate({ dx: grad(first, inputs)[0]! }, drawn(inputs, 3));
    expect(dx!.slice(4)).toEqual(Float64Array.of(0, 0, 0, 0));
    expect(dx!.slice(0, 4).every((value) => value !== 0)).toBe(true);
  });

  it("commutes with the order of tokens where nothing is masked", async () => {
    const graph = createGraph();
    const inputs = inputsOf(graph, [2, 3, 4]);
    const swap = (x: Node) =>
      concat(
        [1, 2, 0].map((token) => slice(x, [0, token, 0], [2, 1, 4])),
        1,
      );
    const difference = sub(
      swap(attend(inputs, { heads: 2 })),
      attend([swap(inputs[0]!), ...inputs.slice(1)], { heads: 2 }),
    );
    const { largest } = await evaluate({ largest: difference }, drawn(inputs, 4));
    expect(Math.max(...largest!.map(Math.abs))).toBeLessThan(1e-15);
  });

  it("gives every part its own gradient where parameters are shared by parts", async () => {
    const [graph, heads] = [createGraph(), 2];
    const inputs = inputsOf(graph, [3, 2, 4]);
    const [x, ...parameters] = inputs as [Node, ...Node[]];
    const parts = parameters.map((each) => inParts(each, 3));
    const inEach = grad(sum(attend([x, ...parts], { heads })), parts);
    const alone = [0, 1, 2].map((sample) =>
      grad(sum(attend([slice(x, [sample, 0, 0], [1, 2, 4]), ...parameters], { heads })), parameters),
    );
    const outputs = Object.fromEntries(
      inEach.flatMap((each, i) => [
        [`parts${i}`, each],
        ...alone.map((own, sample): [string, Node] => [`alone${i}-${sample}`, own[i]!]),
      ]),
    );
    const results = await evaluate(outputs, drawn(inputs, 5));
    inEach.forEach((_, i) => {
      const apart = [0, 1, 2].flatMap((sample) => [...results[`alone${i}-${sample}`]!]);
      results[`parts${i}`]!.forEach((value, at) => {
        expect(value).toBeCloseTo(apart[at]!, 12);
      });
    });
  });

  it("works without biases", async () => {
    const graph = createGraph();
    const inputs = inputsOf(graph, [1, 2, 2]);
    const [x, inProjWeight, , outWeight] = inputs as [Node, Node, Node, Node];
    const bare = multiHeadAttention(x, { inProjWeight, outWeight, heads: 1 });
    const feeds = { ...drawn(inputs, 6), c: new Float64Array(6), e: new Float64Array(2) };
    const { without, zeros } = await evaluate({ without: bare, zeros: attend(inputs, { heads: 1 }) }, feeds);
    expect(without).toEqual(zeros);
  });

  it("shares one mask among the layers of a graph", () => {
    const graph = createGraph();
    expect(causalMask(graph, 3)).toBe(causalMask(graph, 3));
    expect(causalMask(graph, 2).value?.data).toEqual(Float64Array.of(0, -Infinity, 0, 0));
  });

  it("refuses what does not fit", () => {
    const graph = createGraph();
    const inputs = inputsOf(graph, [2, 3, 4]);
    expect(() => attend(inputs, { heads: 3 })).toThrow(
      new GraphError("multiHeadAttention: [2,3,4] is no [N, T, D] with D a multiple of 3 heads"),
    );
    const [x, , , square] = inputs as [Node, Node, Node, Node];
    expect(() => multiHeadAttention(x, { inProjWeight: square, outWeight: square, heads: 2 })).toThrow(
      "multiHeadAttention: [2,3,4] takes [12, 4], got [4,4]",
    );
    const q = graph.input("q", [1, 1, 3, 4]);
    expect(() => scaledDotProductAttention(q, q, q, { mask: graph.input("m", [2, 1, 3, 3]) })).toThrow(
      "attention: a mask of [2,1,3,3] does not broadcast to the scores [1,1,3,3]",
    );
  });
});
