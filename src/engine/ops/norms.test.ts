import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { draw } from "../../../test/engine-fixture.js";
import { testOpCases } from "../../../test/op-cases.js";
import { type DType, type FloatArray, sizeOf } from "../../math/tensor.js";
import { nodeCpu } from "../backends/node-cpu.js";
import { compile } from "../compile.js";
import { grad } from "../gradient.js";
import { createGraph, type Node } from "../graph.js";
import { add, mul, tanh } from "./elementwise.js";
import { cosineSimilarity, l1Norm, l2Norm, totalVariation, type VariationOptions } from "./norms.js";
import { sum } from "./reduce.js";

interface Axes {
  readonly axes: readonly number[] | null;
}

testOpCases("norms", {
  l1Norm: ([x], { axes }: Axes) => l1Norm(x!, axes ?? undefined),
  l2Norm: ([x], { axes }: Axes) => l2Norm(x!, axes ?? undefined),
  cosineSimilarity: ([a, b], { axes }: Axes) => cosineSimilarity(a!, b!, axes ?? undefined),
  totalVariation: ([x], options: VariationOptions) => totalVariation(x!, options),
});

/** The scalar `build(x)`, its gradient, and the gradient of <direction, gradient>. */
async function evaluate(
  build: (x: Node) => Node,
  shape: readonly number[],
  data: FloatArray,
  dtype: DType = "float64",
  direction: FloatArray = draw(9, data.length),
) {
  const graph = createGraph();
  const x = graph.input("x", shape);
  const value = build(x);
  const gradient = grad(value, [x])[0]!;
  const along = sum(mul(gradient, graph.input("direction", shape)));
  const outputs = { value, gradient, along, second: grad(along, [x])[0]! };
  const program = await compile(outputs, { backend: nodeCpu({ threads: 1 }), dtype });
  try {
    return await program.run({ x: data, direction });
  } finally {
    await program.dispose();
  }
}

describe("norms", () => {
  const given = (x: Node) => x.graph.constant({ shape: x.shape, data: Float64Array.of(1, 2, 3) });

  it.each([
    ["l2Norm", (x: Node) => l2Norm(x)],
    ["cosineSimilarity", (x: Node) => cosineSimilarity(x, given(x))],
    ["cosineSimilarity, either side", (x: Node) => cosineSimilarity(given(x), x)],
    ["cosineSimilarity with itself", (x: Node) => cosineSimilarity(x, tanh(x))],
  ])("%s is 0 at 0, and so are its derivatives", async (_, build) => {
    for (const dtype of ["float32", "float64"] as const) {
      const results = await evaluate(build, [3], new Float64Array(3), dtype);
      expect(results.value[0]).toBe(0);
      for (const order of [results.gradient, results.second]) expect(order.every((each) => each === 0)).toBe(true);
    }
  });

  it("leaves rows that are not 0 alone beside one that is", async () => {
    const rows = Float64Array.of(3, 4, 0, 0, 5, 12);
    const { value, gradient } = await evaluate((x) => sum(l2Norm(x, [1])), [3, 2], rows);
    expect(value[0]).toBe(18);
    expect([...gradient]).toEqual([3 / 5, 4 / 5, 0, 0, 5 / 13, 12 / 13].map((each) => expect.closeTo(each, 14)));
  });

  it("keeps the cosine of tiny and huge vectors in float32, whatever their lengths", async () => {
    const [a, b] = [draw(1, 6), draw(2, 6)];
    const cosine = async (one: number, other: number) => {
      const build = (x: Node) =>
        cosineSimilarity(mul(one, x), x.graph.constant({ shape: [6], data: b.map((each) => other * each) }));
      return (await evaluate(build, [6], a, "float32")).value[0]!;
    };
    const plain = await cosine(1, 1);
    expect(await cosine(1e-15, 1e-15)).toBeCloseTo(plain, 6);
    expect(await cosine(1e15, 1e15)).toBeCloseTo(plain, 6);
    // A power of two scales exactly.
    expect(await cosine(0.5, 1)).toBe(plain);
  });

  it("refuses to compare different shapes", () => {
    const graph = createGraph();
    expect(() => cosineSimilarity(graph.input("a", [2]), graph.input("b", [3]))).toThrow(
      "cosineSimilarity: expected two nodes of one shape, got [2] and [3]",
    );
  });
});

describe("total variation", () => {
  // Rows 0 1 3 / 0 1 7: ∂x are 1, 2, 1, 6 and ∂y are 0, 0, 4.
  const image = Float64Array.of(0, 1, 3, 0, 1, 7);
  const forms: readonly (readonly [Required<VariationOptions>["form"], number])[] = [
    ["l1", 10 / 4 + 4 / 3],
    ["squared", 42 / 4 + 16 / 3],
    // From the first pixel of the first row to the last of the second.
    ["isotropic", (1 + 2 + 4 + 1 + 6 + 0) / 6],
  ];

  it.each(forms)("takes the differences along both axes: %s", async (form, known) => {
    const { value } = await evaluate((x) => totalVariation(x, { form, epsilon: 1e-20 }), [1, 1, 2, 3], image);
    expect(value[0]).toBeCloseTo(known, 9);
  });

  it.each(forms)("is flat for flat images and mixes neither images nor channels: %s", async (form) => {
    const flat = Float64Array.from({ length: 2 * 3 * 4 * 4 }, (_, i) => Math.floor(i / 16));
    const { value, gradient } = await evaluate((x) => totalVariation(x, { form, epsilon: 1e-12 }), [2, 3, 4, 4], flat);
    expect(value[0]).toBeCloseTo(form === "isotropic" ? 1e-6 : 0, 12);
    expect(gradient.every((each) => each === 0)).toBe(true);
  });

  it("takes images of one row or one column", async () => {
    expect((await evaluate((x) => totalVariation(x), [1, 1, 1, 3], Float64Array.of(0, 2, 3))).value[0]).toBe(1.5);
    expect((await evaluate((x) => totalVariation(x), [1, 1, 3, 1], Float64Array.of(0, 2, 3))).value[0]).toBe(1.5);
  });

  it("refuses what has no differences, and an epsilon that leaves the corner", () => {
    const graph = createGraph();
    expect(() => totalVariation(graph.input("a", [1, 1, 1, 1]))).toThrow(
      "totalVariation: expected images [N, C, H, W] of two pixels or more, got [1,1,1,1]",
    );
    expect(() => totalVariation(graph.input("b", [3, 4, 5]))).toThrow("expected images [N, C, H, W]");
    const x = graph.input("c", [1, 1, 2, 2]);
    expect(() => totalVariation(x, { form: "isotropic", epsilon: 0 })).toThrow("expected an epsilon above 0, got 0");
  });
});

describe("first and second derivative against central differences", () => {
  const scalars: Readonly<Record<string, (x: Node) => Node>> = {
    "l2Norm over axes": (x) => sum(tanh(l2Norm(x, [0, 3]))),
    "cosineSimilarity over axes": (x) => sum(tanh(cosineSimilarity(x, add(0.5, tanh(x)), [2, 3]))),
    "squared variation": (x) => totalVariation(tanh(x), { form: "squared" }),
    "isotropic variation": (x) => totalVariation(tanh(x), { form: "isotropic", epsilon: 0.1 }),
  };

  it.each(Object.entries(scalars))("%s", async (_, build) => {
    const extent = fc.integer({ min: 2, max: 4 });
    const property = fc.asyncProperty(extent, extent, extent, fc.nat(1e6), async (channels, height, width, seed) => {
      const shape = [2, channels, height, width];
      const [at, direction] = [draw(seed, sizeOf(shape)), draw(seed + 1, sizeOf(shape))];
      const h = 1e-3;
      const run = (step: number) =>
        evaluate(
          build,
          shape,
          at.map((x, i) => x + step * direction[i]!),
          "float64",
          direction,
        );
      const [b2, b1, exact, f1, f2] = [await run(-2 * h), await run(-h), await run(0), await run(h), await run(2 * h)];
      const curvature = direction.reduce((total, each, i) => total + each * exact.second[i]!, 0);
      for (const [name, derivative] of [
        ["value", exact.along[0]!],
        ["along", curvature],
      ] as const) {
        const difference = (8 * (f1[name][0]! - b1[name][0]!) - (f2[name][0]! - b2[name][0]!)) / (12 * h);
        expect(Math.abs(derivative - difference)).toBeLessThan(1e-8 * (1 + Math.abs(difference)));
      }
    });
    await fc.assert(property, { numRuns: 4 });
  });
});
