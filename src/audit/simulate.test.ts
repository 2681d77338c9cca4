// Which observations a simulated federation makes: per client and round, or one of all where uploads are hidden.
import { describe, expect, it } from "vitest";
import { attached } from "../../test/small-federation.js";
import { backend } from "../../test/small-round.js";
import { openDataset } from "../data/open.js";
import type { AttachedDefense } from "../federated/hooks.js";
import { createTrainer } from "../federated/training.js";
import { createRandom } from "../math/random.js";
import { initialise } from "../models/define.js";
import { models } from "../models/index.js";
import { type ConfigInput, configSchema } from "./config.js";
import { dealRecords, protocolOf } from "./protocol.js";
import { playFederation, victimsOf } from "./simulate.js";

const dataset = await openDataset({ source: "portraits", size: 16 });
const model = models.mlp!(dataset.shape, dataset.classes.length);
const start = { model, weights: initialise(model, createRandom(3)) };
const records = [5, 9, 2, 7, 11, 4, 8, 1];

async function play(input: ConfigInput["federation"], defenses: readonly AttachedDefense[] = []) {
  const { federation } = configSchema.parse({ federation: input });
  const shares = dealRecords(federation, records, dataset, createRandom(1));
  const trainer = createTrainer(backend, "float32");
  const game = {
    ...{ start, shares, dataset, normalization: null, rounds: federation.rounds, seed: 4, measureStatistics: false },
    protocol: protocolOf(federation, defenses),
  };
  const played = await playFederation(game, trainer, new AbortController().signal);
  await trainer.dispose();
  return { played, shares };
}

const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);

describe("the victims of a federation", () => {
  it("are its clients, each with the records that it trained on", async () => {
    const { played, shares } = await play({ clients: 2, batchSize: 4 });
    const victims = victimsOf(played, shares, "one");
    expect(victims.map(({ client, images }) => [client, images])).toEqual([
      [0, 4],
      [1, 4],
    ]);
    expect(victims.map((victim) => sorted(victim.records))).toEqual(shares.map(sorted));
  });

  it("are looked at round by round where batches are drawn anew, and once where they stay the same", async () => {
    const fresh = await play({ clients: 2, batchSize: 2, rounds: 3 });
    const drawn = victimsOf(fresh.played, fresh.shares, "one");
    expect(drawn.length).toBeGreaterThan(2);
    for (const { client, records: own, rounds, images } of drawn) {
      expect([own.length, rounds.length, images]).toEqual([2, 1, 2]);
      expect(own.every((record) => fresh.shares[client]!.includes(record))).toBe(true);
    }
    const fixed = await play({ clients: 2, batchSize: 2, rounds: 3, batches: "fixed" });
    expect(victimsOf(fixed.played, fixed.shares, "one")).toHaveLength(2);
  });

  it("span all rounds for an attack that takes several", async () => {
    const { played, shares } = await play({ clients: 2, batchSize: 4, rounds: 3, batches: "fixed" });
    expect(victimsOf(played, shares, "several").map(({ rounds, images }) => [rounds.length, images])).toEqual([
      [3, 4],
      [3, 4],
    ]);
  });

  it("are all clients together where a defense hides their uploads", async () => {
    const hiding = attached("mask", { beforeUpload: (message) => ({ ...message }) }, "masking");
    const { played, shares } = await play({ clients: 4, batchSize: 2 }, [hiding]);
    const [victim, ...more] = victimsOf(played, shares, "one");
    expect([more.length, victim!.images, sorted(victim!.records)]).toEqual([0, 8, sorted(records)]);
  });

  it("are those whose upload arrived", async () => {
    const { played, shares } = await play({ clients: 8, batchSize: 1, dropout: 0.5 });
    const arrived = [...played.rounds[0]!.clients].filter(([, { arrived: came }]) => came).map(([id]) => id);
    expect(arrived.length).toBeLessThan(8);
    expect(victimsOf(played, shares, "one").map(({ client }) => client)).toEqual(arrived);
  });

  it("hold all of their records behind pictures that a defense altered", async () => {
    const altering = attached(
      "blur",
      {
        transformBatch: (batch) => ({
          ...batch,
          inputs: { ...batch.inputs, data: batch.inputs.data.map((v) => v / 2) },
        }),
      },
      "data",
    );
    const { played, shares } = await play({ clients: 2, batchSize: 4 }, [altering]);
    expect(victimsOf(played, shares, "one").map((victim) => victim.records)).toEqual(shares);
  });

  it("are none where every client refuses the payload, and the reason is told", async () => {
    const refusing = attached(
      "guard",
      { vetPayload: () => ({ action: "reject" as const, report: "looks odd" }) },
      "detection",
    );
    const { played, shares } = await play({ clients: 2, batchSize: 4 }, [refusing]);
    expect(victimsOf(played, shares, "one")).toEqual([]);
    expect(played.refused).toBe(
      "client 0, defense guard: reject: looks odd; client 1, defense guard: reject: looks odd",
    );
  });
});
