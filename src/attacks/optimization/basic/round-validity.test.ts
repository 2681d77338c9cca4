import { describe, expect, it } from "vitest";
import { drawBatch, freshPayload, observed, playRound } from "../../../../test/small-round.js";
import { createRandom } from "../../../math/random.js";
import { models } from "../../../models/index.js";
import { squaredSum } from "../matching.js";
import { distanceNotes, misfits, replaceByNoise } from "./round-validity.js";

const random = createRandom(2);
const payload = freshPayload(models.mlp!([1, 4, 4], 3), random);
const first = observed(await playRound({ payload, batch: drawBatch(random, [1, 4, 4], 3, 1) }));
const rounds = Array.from({ length: 10 }, (_, round) => ({ ...first, round: round + 5 }));

describe("rounds that do not fit", () => {
  it("stay far away when the others are near, or have no distance at all", () => {
    expect(misfits([0.001, 0.9, 0.002, Number.NaN, 0.001])).toEqual([1, 3]);
    expect(misfits([0.001, 0.04, 0.002])).toEqual([]);
    expect(misfits([0.2, 0.3, 0.25, 1.1])).toEqual([]);
  });

  it("are named by the round's number, beside the spread of distances", () => {
    const distances = rounds.map((_, i) => (i === 2 || i === 7 ? 1 : 1e-3));
    expect(distanceNotes(rounds, distances)).toEqual([
      "cosine distance 1.00e-3 (median over 10 rounds; 1.00e-3 to 1.00e+0)",
      "rounds 7, 12 do not fit: other images, or noise",
    ]);
    expect(distanceNotes(rounds.slice(0, 2), [0.01, 0.02])).toHaveLength(1);
  });
});

describe("rounds replaced by noise", () => {
  it("are as many as asked, of the same size in every tensor, and in nothing the same", () => {
    const { rounds: given, replaced } = replaceByNoise(rounds, 0.3, createRandom(4));
    expect(replaced).toHaveLength(3);
    expect([...replaced]).toEqual([...replaced].sort((a, b) => a - b));
    given.forEach((round, i) => {
      if (!replaced.includes(round.round)) {
        expect(round).toBe(rounds[i]);
        return;
      }
      expect(round.payload).toBe(rounds[i]!.payload);
      for (const [name, { shape, data }] of round.view.update) {
        const original = first.view.update.get(name)!;
        expect(shape).toEqual(original.shape);
        expect(data).not.toEqual(original.data);
        if (data.length >= 48) {
          const ratio = Math.sqrt(squaredSum(data) / squaredSum(original.data));
          expect(ratio).toBeGreaterThan(0.75);
          expect(ratio).toBeLessThan(1.25);
        }
      }
    });
    const noises = given
      .filter(({ round }) => replaced.includes(round))
      .map(({ view }) => view.update.get("fc1.weight")!.data);
    expect(noises[0]).not.toEqual(noises[1]);
  });

  it("are none by default, and the same ones for the same stream", () => {
    expect(replaceByNoise(rounds, 0, createRandom(4))).toEqual({ rounds, replaced: [] });
    expect(replaceByNoise(rounds, 0.5, createRandom(4))).toEqual(replaceByNoise(rounds, 0.5, createRandom(4)));
  });
});
