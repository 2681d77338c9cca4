// Several starts: the same findings whether one by one or side by side, and the rules of who begins, counts and reports.
import { describe, expect, it } from "vitest";
import { attackContext, backend, drawBatch, freshPayload, observed, playRound } from "../../../test/small-round.js";
import { totalVariation } from "../../engine/index.js";
import { createRandom } from "../../math/random.js";
import { tensor } from "../../math/tensor.js";
import { models } from "../../models/index.js";
import { oneHot } from "../../models/loss.js";
import type { LossCurve } from "../define.js";
import { descend } from "./descent.js";
import { searchFromStarts } from "./lbfgs-starts.js";
import { createMatching, type Matching } from "./matching.js";
import { type Start, searchStarts } from "./starts.js";

const shape = [1, 8, 8] as const;
const random = createRandom(5);
const batch = drawBatch(random.split("data"), shape, 4, 1);
const lenet = observed(await playRound({ payload: freshPayload(models.lenet!(shape, 4), random), batch }));
const convnet = observed(await playRound({ payload: freshPayload(models.convnet!(shape, 4), random), batch }));
const preview = () => tensor([1, ...shape], new Float64Array(64));

async function withMatching<T>(options: Parameters<typeof createMatching>[0], use: (matching: Matching) => Promise<T>) {
  const matching = await createMatching(options);
  try {
    return await use(matching);
  } finally {
    await matching.dispose();
  }
}

const closeTo = (one: ArrayLike<number>, other: ArrayLike<number>, digits: number) => {
  expect(one.length).toBe(other.length);
  Array.from(one).forEach((value, i) => {
    expect(value).toBeCloseTo(other[i]!, digits);
  });
};

/** A curve for every start; those that were not chosen end no lower. */
function expectLosers({ curve, otherCurves }: { curve: LossCurve; otherCurves: readonly LossCurve[] }, starts: number) {
  expect(otherCurves).toHaveLength(starts - 1);
  for (const other of otherCurves) expect(other.at(-1)!.loss).toBeGreaterThanOrEqual(curve.at(-1)!.loss);
}

describe("L-BFGS from several starts", () => {
  const search = (restarts: number, options: Partial<Parameters<typeof searchFromStarts>[2]> = {}) =>
    withMatching(
      { backend, dtype: "float64", round: lenet, batchSize: 1, distance: "l2", labels: "joint", restarts },
      (matching) => {
        const all = { starts: 4, calls: 1, lineSearch: "strong-wolfe", history: 20, target: 0, ...options } as const;
        return searchFromStarts(matching, null, all, attackContext(1), preview);
      },
    );

  it.each([2, 3, 4])("finds the same with %d at once", async (restarts) => {
    const [single, several] = [await search(1), await search(restarts)];
    expect(several.outcomes).toHaveLength(4);
    several.outcomes.forEach(({ state, relative }, start) => {
      expect(state).toBe(single.outcomes[start]!.state);
      expect(relative / single.outcomes[start]!.relative).toBeCloseTo(1, 6);
    });
    closeTo(several.images, single.images, 6);
    closeTo(several.labelLogits, single.labelLogits, 6);
    expect(several.iterations).toBe(single.iterations);
    expect(several.curve.map(({ iteration }) => iteration)).toEqual(single.curve.map(({ iteration }) => iteration));
    expectLosers(several, 4);
  });

  it("lets the first match in the order of starts win, at whatever time it comes", async () => {
    const long = { calls: 60, target: 1e-8 };
    const [single, several] = [await search(1, long), await search(3, long)];
    expect(several.outcomes.map(({ state }) => state)).toEqual(single.outcomes.map(({ state }) => state));
    expect(several.outcomes.at(-1)!.state).toBe("matched");
    expect(several.outcomes).toHaveLength(1);
    closeTo(several.images, single.images, 4);
    expect(several.iterations).toBeGreaterThan(single.iterations);
    // A later start was sooner, or all three would have run as long.
    expect(several.iterations).toBeLessThan(3 * single.iterations);
  });
});

describe("descent from several starts", () => {
  const search = (restarts: number, signed: boolean) =>
    withMatching(
      {
        backend,
        dtype: "float64",
        round: convnet,
        batchSize: 1,
        distance: "cosine",
        labels: "fixed",
        priors: [{ weight: 1e-2, term: totalVariation }],
        restarts,
      },
      (matching) => {
        const start = (index: number) => {
          const x = new Float32Array(64);
          createRandom(9).split(index).fillNormal(x, 0.5, 0.25);
          return x;
        };
        const options = { iterations: 12, learningRate: 0.05, restarts: 3, signed, start, project: () => {}, preview };
        return descend(matching, oneHot(batch.labels, 4), options, attackContext(1));
      },
    );

  it.each([true, false])("finds the same side by side, sign of the gradient: %s", async (signed) => {
    const [single, several] = [await search(1, signed), await search(3, signed)];
    expect(several.iterations).toBe(36);
    closeTo(several.images, single.images, 5);
    expect(several.distance).toBeCloseTo(single.distance, 6);
    expect(several.curve.map(({ iteration }) => iteration)).toEqual(single.curve.map(({ iteration }) => iteration));
    expect(several.otherCurves).toHaveLength(2);
    expect(several.otherCurves).not.toContain(several.curve);
    for (const curve of several.otherCurves) {
      expect(curve.map(({ iteration }) => iteration)).toEqual(several.curve.map(({ iteration }) => iteration));
      expect(curve[0]!.loss).not.toBe(several.curve[0]!.loss);
    }
  });
});

describe("the rules of starts", () => {
  const matching = (restarts: number): Matching => ({
    restarts,
    imageSize: 1,
    labelSize: 0,
    targetNorm: 1,
    evaluateAll: async (candidates) =>
      candidates.map(({ images }) => ({ objective: 0, distance: 0, imageGradient: images, labelGradient: null })),
    evaluate: async (images) => ({ objective: 0, distance: 0, imageGradient: images, labelGradient: null }),
    dispose: async () => {},
  });
  const point = new Float64Array(1);

  /** Start k takes `lengths[k]` steps unless it is no longer wanted. */
  const walk =
    (lengths: readonly number[]) =>
    async ({ index, evaluate, isWanted, report }: Start) => {
      let steps = 0;
      for (; steps < lengths[index]! && isWanted(); steps++) {
        await evaluate(point, point);
        report(steps + 1, 10 * index - steps);
      }
      return { index, steps };
    };

  it("begins the next start when one ends, and never one after the end", async () => {
    const lengths = [6, 2, 9, 1, 5];
    const isEnd = ({ index }: { index: number }) => index === 2;
    for (const atOnce of [1, 2, 3, 8]) {
      const options = { starts: 5, iterations: 9, search: walk(lengths), isEnd };
      const { found, vain } = await searchStarts(matching(atOnce), options, attackContext(1));
      expect(found).toEqual([
        { index: 0, steps: 6 },
        { index: 1, steps: 2 },
        { index: 2, steps: 9 },
      ]);
      for (const { index, steps } of vain) expect(steps).toBeLessThanOrEqual(lengths[index]!);
      if (atOnce === 1) expect(vain).toEqual([]);
    }
  });

  it("drops later starts that are under way when an earlier one is the end", async () => {
    const options = {
      starts: 3,
      iterations: 100,
      search: walk([4, 100, 100]),
      isEnd: ({ index }: { index: number }) => index === 0,
    };
    const { found, vain } = await searchStarts(matching(3), options, attackContext(1));
    expect(found).toEqual([{ index: 0, steps: 4 }]);
    expect(vain.map(({ index }) => index)).toEqual([1, 2]);
    for (const { steps } of vain) expect(steps).toBeLessThan(7);
  });

  it("reports a progress that never goes back, of the start with the lowest loss", async () => {
    for (const atOnce of [1, 2, 4]) {
      const told: { iteration: number; total: number; loss: number }[] = [];
      const context = attackContext(1, { progress: (report) => void told.push(report) });
      const options = { starts: 4, iterations: 5, search: walk([5, 5, 3, 5]), isEnd: () => false };
      await searchStarts(matching(atOnce), options, context);
      expect(told.length).toBeGreaterThan(0);
      told.forEach(({ iteration, total }, i) => {
        expect(total).toBe(20);
        expect(iteration).toBeLessThanOrEqual(20);
        expect(iteration).toBeGreaterThanOrEqual(told[i - 1]?.iteration ?? 1);
      });
      if (atOnce === 4) expect(told.slice(0, 4).map(({ loss }) => loss)).toEqual([0, -1, -2, -3]);
    }
  });

  it("begins none when time is out, but for the first", async () => {
    let asked = 0;
    const context = attackContext(1, { outOfTime: () => ++asked > 1 });
    const options = { starts: 4, iterations: 5, search: walk([5, 5, 5, 5]), isEnd: () => false };
    const { found } = await searchStarts(matching(1), options, context);
    expect(found.map(({ index }) => index)).toEqual([0, 1]);
  });
});
