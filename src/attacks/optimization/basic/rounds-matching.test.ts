import { describe, expect, it } from "vitest";
import { relativeError } from "../../../../test/engine-fixture.js";
import { play } from "../../../../test/small-federation.js";
import { backend, drawBatch, freshPayload, observed } from "../../../../test/small-round.js";
import { plainProtocol } from "../../../federated/protocol.js";
import { mapUpdate } from "../../../federated/update.js";
import { createRandom } from "../../../math/random.js";
import { models } from "../../../models/index.js";
import { oneHot } from "../../../models/loss.js";
import type { ObservedRound } from "../../../threat/observation.js";
import { createMatching, type MatchingStep } from "../matching.js";
import { roundAggregations } from "./round-aggregation.js";
import { createRoundsMatching, type RoundsMatchingOptions } from "./rounds-matching.js";

const shape = [1, 6, 6] as const;
const random = createRandom(8);
const batch = drawBatch(random.split("data"), shape, 3, 1);
const payload = freshPayload(models.mlp!(shape, 3), random);
const { records } = await play({
  ...plainProtocol,
  start: payload,
  clients: [{ id: 0, data: batch }],
  rounds: 3,
  algorithm: { kind: "FedSGD", batchSize: 1 },
  batches: "fixed",
  serverLearningRate: 0.5,
});
const rounds = records.map(observed);
const labels = oneHot(batch.labels, 3);
const images = new Float64Array(36);
random.split("guess").fillUniform(images, 0, 1);

const common = { backend, dtype: "float64", batchSize: 1, distance: "cosine" } as const;
async function match<T>(
  options: Partial<RoundsMatchingOptions>,
  use: (matching: Awaited<ReturnType<typeof createRoundsMatching>>) => Promise<T>,
): Promise<T> {
  const matching = await createRoundsMatching({
    ...common,
    rounds,
    aggregate: roundAggregations.mean,
    trusted: 3,
    ...options,
  });
  try {
    return await use(matching);
  } finally {
    await matching.dispose();
  }
}

async function alone(round: ObservedRound): Promise<MatchingStep> {
  const matching = await createMatching({ ...common, round, labels: "fixed" });
  try {
    return await matching.evaluate(images, labels);
  } finally {
    await matching.dispose();
  }
}
const length = (vector: ArrayLike<number>) => Math.hypot(...Array.from(vector));

describe("matching over rounds", () => {
  it("sees in every round what a matching of that round sees, with that round's weights", async () => {
    const each: MatchingStep[] = [];
    for (const round of rounds) each.push(await alone(round));
    expect(new Set(each.map(({ distance }) => distance)).size).toBe(3);
    await match({}, async (matching) => {
      const step = await matching.evaluate(images, labels);
      const distances = await matching.distances(images, labels);
      each.forEach(({ distance }, i) => {
        expect(distances[i]).toBeCloseTo(distance, 12);
      });
      expect(step.distance).toBeCloseTo([...distances].sort((a, b) => a - b)[1]!, 12);
      const mean = Float64Array.from(images, (_, i) =>
        each.reduce((sum, { imageGradient }) => sum + imageGradient[i]! / length(imageGradient) / 3, 0),
      );
      expect(relativeError(step.imageGradient, mean)).toBeLessThan(1e-10);
      expect(await matching.evaluateAll([{ images, labels }])).toEqual([step]);
      expect(matching).toMatchObject({ restarts: 1, imageSize: 36, labelSize: 3 });
    });
  });

  it("of one round has that round's objective, and its gradient at length 1", async () => {
    const [first] = rounds as [ObservedRound];
    const single = await alone(first);
    await match({ rounds: [first], trusted: 1 }, async (matching) => {
      const step = await matching.evaluate(images, labels);
      expect(step.objective).toBeCloseTo(single.objective, 12);
      expect(length(step.imageGradient)).toBeCloseTo(1, 12);
      const scale = length(single.imageGradient);
      expect(
        relativeError(
          step.imageGradient.map((value) => value * scale),
          single.imageGradient,
        ),
      ).toBeLessThan(1e-10);
    });
  });

  it("finds nothing to improve at the truth, in any round", async () => {
    await match({}, async (matching) => {
      for (const distance of await matching.distances(batch.inputs.data, labels)) expect(distance).toBeLessThan(1e-6);
    });
  });

  it("takes a round without a distance for the farthest", async () => {
    const empty = { ...rounds[1]!, view: { ...rounds[1]!.view, update: mapUpdate(rounds[1]!.view.update, () => 0) } };
    const broken = [rounds[0]!, empty, rounds[2]!];
    await match({ rounds: broken, trusted: 2, aggregate: roundAggregations["loss-trimmed"] }, async (matching) => {
      const step = await matching.evaluate(images, labels);
      expect(Number.isFinite(step.distance)).toBe(true);
      expect(step.imageGradient.every(Number.isFinite)).toBe(true);
      expect(Number.isFinite((await matching.distances(images, labels))[1]!)).toBe(false);
    });
  });

  it("takes rounds of one model", async () => {
    await expect(match({ rounds: [] }, async () => {})).rejects.toThrow("a round or more, got none");
    const other = { ...rounds[1]!, payload: freshPayload(models.lenet!(shape, 3), random) };
    await expect(match({ rounds: [rounds[0]!, other] }, async () => {})).rejects.toThrow(
      "one model, got mlp and lenet",
    );
  });
});
