import { describe, expect, it } from "vitest";
import { relativeError } from "../../../test/engine-fixture.js";
import { backend, drawBatch, freshPayload, observed, playRound } from "../../../test/small-round.js";
import { mul, type Node, totalVariation } from "../../engine/index.js";
import { mapUpdate } from "../../federated/update.js";
import { createRandom } from "../../math/random.js";
import { models } from "../../models/index.js";
import { oneHot } from "../../models/loss.js";
import { miniBatches, traceLocalTraining } from "../../models/unroll.js";
import type { KnownDefense, ObservedRound } from "../../threat/observation.js";
import { type Distance, type DistanceName, distances } from "./distances.js";
import { createMatching, type Matching, type MatchingOptions, type MatchingStep } from "./matching.js";

const random = createRandom(12);
const shape = [2, 7, 6] as const;
const model = models.lenet!(shape, 3);
const batch = drawBatch(random.split("data"), shape, 3, 2);
const round = observed(await playRound({ payload: freshPayload(model, random), batch }));
const truth = oneHot(batch.labels, 3);

interface Setup {
  readonly distance: DistanceName | Distance;
  readonly labels: "joint" | "fixed";
  readonly tv?: number;
  readonly simulate?: MatchingOptions["simulate"];
  readonly round?: ObservedRound;
  readonly restarts?: number;
  readonly knownDefense?: KnownDefense;
}

async function match<T>(
  { distance, labels, tv = 0, round: seen = round, ...rest }: Setup,
  use: (matching: Matching) => Promise<T>,
) {
  const priors = [{ weight: tv, term: (x: Node) => totalVariation(x) }];
  const matching = await createMatching({
    backend,
    dtype: "float64",
    round: seen,
    batchSize: 2,
    distance,
    labels,
    priors,
    ...rest,
  });
  try {
    return await use(matching);
  } finally {
    await matching.dispose();
  }
}

/** Slope of the objective along one coordinate of images followed by labels, by four-point differences. */
async function slope(matching: Matching, images: Float64Array, labels: Float64Array, coordinate: number) {
  const step = 1e-3;
  const at = async (offset: number) => {
    const [x, y] = [images.slice(), labels.slice()];
    if (coordinate < x.length) x[coordinate]! += offset;
    else y[coordinate - x.length]! += offset;
    return (await matching.evaluate(x, y)).objective;
  };
  return (8 * ((await at(step)) - (await at(-step))) - ((await at(2 * step)) - (await at(-2 * step)))) / (12 * step);
}

describe("gradient matching", () => {
  const names = Object.keys(distances) as DistanceName[];
  const setups = names.flatMap((distance) => [
    { distance, labels: "fixed" as const },
    { distance, labels: "joint" as const },
    { distance, labels: "joint" as const, tv: 10 },
  ]);

  /** Two epochs of single images, whose steps are large enough to matter. */
  const simulate: MatchingOptions["simulate"] = (x, probabilities) =>
    traceLocalTraining(model, miniBatches(x, probabilities, 1), { learningRate: 0.5, epochs: 2, momentum: 0.9 }).update;
  const slopes = [...setups, { distance: "l2", labels: "joint", simulate } as const];

  it.each(slopes)(
    "has the slope of its objective in every direction: $distance, labels $labels, tv $tv",
    async (setup) => {
      await match(setup, async (matching) => {
        const images = new Float64Array(matching.imageSize);
        createRandom(1).fillNormal(images, 0.5, 1);
        const labels = Float64Array.from({ length: 6 }, (_, i) => (setup.labels === "joint" ? Math.sin(i) : truth[i]!));
        const step = await matching.evaluate(images, labels);
        const gradient = [...step.imageGradient, ...(step.labelGradient ?? [])];
        expect(step.labelGradient === null).toBe(setup.labels === "fixed");
        const largest = Math.max(...gradient.map(Math.abs));
        expect(largest).toBeGreaterThan(0);
        const coordinates = [0, 17, 42, 55, 83, 120, 167, 168, 171].filter((i) => i < gradient.length);
        for (const coordinate of coordinates) {
          const numeric = await slope(matching, images, labels, coordinate);
          expect(Math.abs(gradient[coordinate]! - numeric)).toBeLessThan(1e-6 * largest);
        }
      });
    },
  );

  it("matches what a simulated client sends, by any distance", async () => {
    const unrolled = { distance: "l2", labels: "fixed", simulate } as const;
    const images = batch.inputs.data;
    const one = await match({ distance: "l2", labels: "fixed" }, (matching) => matching.evaluate(images, truth));
    const four = await match(unrolled, (matching) => matching.evaluate(images, truth));
    expect(one.distance).toBeLessThan(1e-10);
    expect(four.distance).toBeGreaterThan(1e-3);
    const twice: Distance = (gradients, targets) => mul(2, distances.l2(gradients, targets));
    const doubled = await match({ ...unrolled, distance: twice }, (matching) => matching.evaluate(images, truth));
    expect(doubled.distance).toBeCloseTo(2 * four.distance, 12);
    await expect(match({ ...unrolled, restarts: 2 }, async () => {})).rejects.toThrow("serves 1 restart, got 2");
  });

  it.each(names)("finds nothing to improve at the truth: %s", async (distance) => {
    await match({ distance, labels: "fixed" }, async (matching) => {
      const there = await matching.evaluate(batch.inputs.data, truth);
      expect(there.distance / (distance === "l2" ? matching.targetNorm : 1)).toBeLessThan(1e-10);
      const elsewhere = await matching.evaluate(
        batch.inputs.data.map((value) => 1 - value),
        truth,
      );
      expect(elsewhere.distance).toBeGreaterThan(1000 * there.distance);
    });
  });

  it("keeps the pure distance apart from the priors in the objective", async () => {
    const both = async (tv: number) =>
      match({ distance: "cosine", labels: "fixed", tv }, (matching) => matching.evaluate(batch.inputs.data, truth));
    const [plain, one, two] = [await both(0), await both(1), await both(2)];
    expect(plain.objective).toBe(plain.distance);
    expect(one.distance).toBeCloseTo(plain.distance, 12);
    expect(two.objective - two.distance).toBeCloseTo(2 * (one.objective - one.distance), 9);
    expect(one.objective - one.distance).toBeGreaterThan(0.01);
  });

  it("ignores a halved target in the cosine to the last bit, and not in L2", async () => {
    const { payload, view } = round;
    const halved = { ...round, payload, view: { ...view, update: mapUpdate(view.update, (value) => value / 2) } };
    const images = batch.inputs.data.map((value) => 1 - value) as Float64Array;
    const at = (distance: DistanceName, seen: ObservedRound) =>
      match({ distance, labels: "fixed", round: seen }, (matching) => matching.evaluate(images, truth));
    expect(await at("cosine", halved)).toEqual(await at("cosine", round));
    const [whole, half] = [await at("l2", round), await at("l2", halved)];
    expect(half.distance).not.toBeCloseTo(whole.distance, 3);
  });

  const defense = { id: "gaussian-noise", options: { clip: 0.05 } };
  const shared = [
    ...setups,
    ...names.map((distance) => ({ distance, labels: "joint" as const, tv: 10, knownDefense: defense })),
  ];

  it.each(shared)(
    "gives each of several candidates in one run what it gives it alone: $distance, labels $labels, tv $tv",
    async (setup) => {
      await match({ ...setup, restarts: 4 }, async (matching) => {
        const drawn = createRandom(3);
        const candidates = Array.from({ length: 4 }, (_, i) => {
          const [images, labels] = [new Float64Array(matching.imageSize), new Float64Array(matching.labelSize)];
          drawn.fillNormal(images, 0.5, 1);
          drawn.fillUniform(labels, 0, 1);
          return { images, labels: setup.labels === "joint" ? labels : i % 2 ? truth : labels };
        });
        const alone: MatchingStep[] = [];
        for (const { images, labels } of candidates) alone.push(await matching.evaluate(images, labels));
        expect(new Set(alone.map(({ objective }) => objective)).size).toBe(4);
        for (const count of [4, 3, 2, 1]) {
          const steps = await matching.evaluateAll(candidates.slice(0, count));
          expect(steps).toHaveLength(count);
          steps.forEach((step, i) => {
            const expected = alone[i]!;
            expect(
              relativeError(Float64Array.of(step.objective, step.distance), [expected.objective, expected.distance]),
            ).toBeLessThan(1e-12);
            expect(relativeError(step.imageGradient, expected.imageGradient)).toBeLessThan(1e-12);
            expect(step.labelGradient === null).toBe(setup.labels === "fixed");
            if (step.labelGradient) {
              expect(relativeError(step.labelGradient, expected.labelGradient!)).toBeLessThan(1e-12);
            }
          });
        }
      });
    },
  );

  it("serves as many candidates as it was opened for", async () => {
    await match({ distance: "l2", labels: "fixed", restarts: 2 }, async (matching) => {
      const candidate = { images: batch.inputs.data, labels: truth };
      expect(matching).toMatchObject({ restarts: 2, imageSize: 84 * 2, labelSize: 6 });
      await expect(matching.evaluateAll([])).rejects.toThrow("1 to 2 candidates, got 0");
      await expect(matching.evaluateAll([candidate, candidate, candidate])).rejects.toThrow("1 to 2 candidates, got 3");
    });
    await expect(match({ distance: "l2", labels: "fixed", restarts: 0 }, async () => {})).rejects.toThrow(
      "1 restart or more in one run, got 0",
    );
  });

  it("names the tensor that an update lacks", async () => {
    const update = new Map([...round.view.update].slice(1));
    const cut = { ...round, view: { ...round.view, update } };
    await expect(match({ distance: "l2", labels: "fixed", round: cut }, async () => {})).rejects.toThrow(
      'lacks the tensor "body.0.weight" of model lenet',
    );
  });
});
