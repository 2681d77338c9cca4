import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { draw, relativeError } from "../../../test/engine-fixture.js";
import { backend } from "../../../test/small-round.js";
import { compile, convWeightGrad, createGraph, grad, type Node, squareWindow } from "../../engine/index.js";
import { sizeOf } from "../../math/tensor.js";
import { type DistanceName, distances, fallingByLayer, weightedL2 } from "./distances.js";

/** Distances of two lists of one vector of 2 and one matrix of 2 x 1. */
const program = await (() => {
  const graph = createGraph();
  const list = (name: string) => [graph.input(`${name}0`, [2]), graph.input(`${name}1`, [2, 1])];
  const [g, t] = [list("g"), list("t")];
  return compile({ l2: distances.l2(g, t), cosine: distances.cosine(g, t) }, { backend, dtype: "float64" });
})();

async function measure(g: readonly number[], t: readonly number[]): Promise<Record<DistanceName, number>> {
  const half = (list: readonly number[], from: number) => Float64Array.from(list.slice(from, from + 2));
  const out = await program.run({ g0: half(g, 0), g1: half(g, 2), t0: half(t, 0), t1: half(t, 2) });
  return { l2: out.l2[0]!, cosine: out.cosine[0]! };
}

/** Three parts of the first list at once, against the same second list. */
const inParts = await (() => {
  const graph = createGraph();
  const g = [graph.input("g0", [3, 2]), graph.input("g1", [3, 2, 1])];
  const t = [graph.input("t0", [2]), graph.input("t1", [2, 1])];
  return compile({ l2: distances.l2(g, t), cosine: distances.cosine(g, t) }, { backend, dtype: "float64" });
})();

const vector = fc
  .array(
    fc.integer({ min: -50, max: 50 }).map((value) => value / 8),
    { minLength: 4, maxLength: 4 },
  )
  .filter((list) => list.some((value) => value !== 0));

describe("gradient distances", () => {
  it.each([
    [[1, 2, 3, 4], [1, 2, 3, 4], 0, 0],
    [[3, 0, 0, 0], [0, 0, 0, 4], 25, 1],
    [[1, 1, 1, 1], [-1, -1, -1, -1], 16, 2],
    // Over the concatenation: 1 - 6/10, while each tensor by itself would have a cosine of 1 or 0.
    [[6, 0, 0, 8], [1, 0, 0, 0], 25 + 64, 0.4],
  ])("of %j and %j are %d and %d", async (g, t, l2, cosine) => {
    const measured = await measure(g, t);
    expect(measured.l2).toBeCloseTo(l2, 12);
    expect(measured.cosine).toBeCloseTo(cosine, 12);
  });

  it("agree with their definitions, and the cosine ignores the scale of either side", async () => {
    await fc.assert(
      fc.asyncProperty(vector, vector, fc.constantFrom(0.5, 2, 1024), async (g, t, scale) => {
        const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
        const [plain, scaled] = [
          await measure(g, t),
          await measure(
            g,
            t.map((value) => scale * value),
          ),
        ];
        const difference = g.map((value, i) => value - t[i]!);
        expect(plain.l2).toBeCloseTo(dot(difference, difference), 9);
        expect(plain.cosine).toBeCloseTo(1 - dot(g, t) / Math.sqrt(dot(g, g) * dot(t, t)), 9);
        expect(scaled.cosine).toBe(plain.cosine);
      }),
      { numRuns: 50 },
    );
  });

  it("come one per part where gradients have a parts axis", async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(vector, vector, vector), vector, async (parts, t) => {
        const half = (from: number) => Float64Array.from(parts.flatMap((g) => g.slice(from, from + 2)));
        const target = (from: number) => Float64Array.from(t.slice(from, from + 2));
        const out = await inParts.run({ g0: half(0), g1: half(2), t0: target(0), t1: target(2) });
        for (const [part, g] of parts.entries()) {
          const alone = await measure(g, t);
          expect(out.l2[part]).toBeCloseTo(alone.l2, 10);
          expect(out.cosine[part]).toBeCloseTo(alone.cosine, 12);
        }
      }),
      { numRuns: 20 },
    );
  });

  it("stay the same where gradients are left unformed, with their derivatives", async () => {
    const graph = createGraph();
    const [x, dy, b] = [graph.input("x", [1, 16, 2, 2]), graph.input("dy", [1, 24, 2, 2]), graph.input("b", [3])];
    const gradients = [convWeightGrad(x, dy, squareWindow({ padding: 1 }), [24, 16, 3, 3]), b];
    const targets = gradients.map(({ shape }, i) => graph.input(`t${i}`, shape));
    const squares = graph.input("squares", [2]);
    const outputs: Record<string, Node> = {};
    for (const name of Object.keys(distances) as DistanceName[]) {
      for (const [form, value] of Object.entries({
        ghost: distances[name](gradients, targets, squares),
        direct: distances[name](gradients, targets),
      })) {
        const [dx] = grad(value, [x]);
        Object.assign(outputs, { [`${name} ${form}`]: value, [`${name} ${form} dx`]: dx });
      }
    }
    const unformed = await compile(outputs, { backend, dtype: "float64" });
    const feeds = Object.fromEntries(
      [x, dy, b, ...targets].map((node, i) => [`${node.attributes.name}`, draw(i, sizeOf(node.shape))]),
    );
    const squared = targets.map((node) =>
      feeds[`${node.attributes.name}`]!.reduce((sum, value) => sum + value * value, 0),
    );
    const out = await unformed.run({ ...feeds, squares: Float64Array.from(squared) });
    await unformed.dispose();
    for (const name of Object.keys(distances)) {
      for (const part of ["", " dx"]) {
        expect(relativeError(out[`${name} ghost${part}`]!, out[`${name} direct${part}`]!), name + part).toBeLessThan(
          1e-12,
        );
      }
    }
  });

  it("weigh tensors, each by its own number, alone and in parts", async () => {
    const graph = createGraph();
    const list = (name: string, lead: readonly number[] = []) => [
      graph.input(`${name}0`, [...lead, 2]),
      graph.input(`${name}1`, [...lead, 2, 1]),
    ];
    const t = list("t");
    const weighted = weightedL2([2, 10]);
    const measured = await compile(
      { one: weighted(list("g"), t), three: weighted(list("p", [3]), t) },
      { backend, dtype: "float64" },
    );
    const parts = { p0: Float64Array.of(1, 1, 0, 2, 1, 4), p1: Float64Array.of(1, 2, 1, 2, 0, 2) };
    const out = await measured.run({
      g0: Float64Array.of(4, 1),
      g1: Float64Array.of(1, 0),
      t0: Float64Array.of(1, 1),
      t1: Float64Array.of(1, 2),
      ...parts,
    });
    expect(out.one[0]).toBe(2 * 9 + 10 * 4);
    expect([...out.three]).toEqual([0, 2 * 2, 2 * 9 + 10]);
    await measured.dispose();
  });

  it("weigh layers by e to the minus their place, weight and bias alike", () => {
    const names = ["conv1.weight", "conv1.bias", "block.conv2.weight", "block.bn.weight", "block.bn.bias", "fc.weight"];
    expect(fallingByLayer(names)).toEqual([0, 0, 1, 2, 2, 3].map((place) => Math.exp(-place)));
  });
});
