// Federations over rounds: who takes part, what gets lost, what survives from round to round, and where local training differs.
import { describe, expect, it } from "vitest";
import { attached, far, fedAvg, federation, heldOut, play, start } from "../../test/small-federation.js";
import { backend } from "../../test/small-round.js";
import type { Hooks } from "./hooks.js";
import { createTrainer } from "./training.js";
import { addScaled, distortion, mapUpdate, weightedSum, zeroUpdate } from "./update.js";

describe("rounds", () => {
  it("start from what the one before released, and end in the last", async () => {
    const { records, weights, rounds } = await play({ rounds: 3 });
    expect(rounds.map(({ round }) => round)).toEqual([0, 1, 2]);
    expect(records[0]!.clients.get(0)!.payload.weights).toBe(start.weights);
    for (const round of [1, 2]) {
      for (const { payload } of records[round]!.clients.values()) {
        expect(payload.weights).toBe(records[round - 1]!.released);
      }
    }
    expect(weights).toBe(records[2]!.released);
    expect(far(records[0]!.released, weights)).toBeGreaterThan(1e-3);
  });

  it("are the same for the same seed, and others for another", async () => {
    const [first, again, other] = await Promise.all(
      [5, 5, 6].map((seed) => play({ seed, cohort: { kind: "fixed", size: 2 } })),
    );
    expect(far(first!.weights, again!.weights)).toBe(0);
    expect(far(first!.weights, other!.weights)).toBeGreaterThan(0);
  });

  it("report the accuracy and loss of what they released, on data of no client", async () => {
    const { records, rounds } = await play({}, { heldOut });
    const trainer = createTrainer(backend, "float32");
    for (const [round, { accuracy, localLoss }] of rounds.entries()) {
      expect(accuracy).toEqual(await trainer.evaluate({ ...start, weights: records[round]!.released }, heldOut));
      const { loss } = await trainer.gradient({ ...start, weights: records[round]!.released }, heldOut);
      expect(accuracy!.loss).toBeCloseTo(loss, 5);
      expect(accuracy!.accuracy * 10).toBeCloseTo(Math.round(accuracy!.accuracy * 10), 10);
      const losses = [...records[round]!.clients.values()].map((client) => client.loss);
      expect(localLoss).toBeCloseTo(losses.reduce((sum, each) => sum + each, 0) / losses.length, 10);
    }
    await trainer.dispose();
    expect((await play()).rounds[0]!.accuracy).toBeNull();
  });

  it("stop when they are aborted, between rounds and within one", async () => {
    const abort = new AbortController();
    const stopping = play({ rounds: 5 }, { signal: abort.signal, onRound: () => abort.abort(new Error("enough")) });
    await expect(stopping).rejects.toThrow("enough");
    const within = new AbortController();
    const hook = attached("stops", {
      afterGradient: (update) => {
        within.abort(new Error("in the middle"));
        return update;
      },
    });
    await expect(play({ algorithm: fedAvg, defenses: [hook] }, { signal: within.signal })).rejects.toThrow(
      "in the middle",
    );
  });

  it.each([
    [{ rounds: 0 }, "rounds are a whole number"],
    [{ clients: [] }, "one client or more"],
    [{ clients: [federation.clients[0]!, federation.clients[0]!] }, "two clients have the id 0"],
    [
      { clients: [{ id: 4, data: { inputs: { shape: [0, 1, 4, 4], data: new Float64Array(0) }, labels: [] } }] },
      "client 4 has no data",
    ],
    [{ dropout: 1.5 }, "dropout is a probability, got 1.5"],
    [{ serverLearningRate: 0 }, "serverLearningRate is above 0"],
    [{ cohort: { kind: "fixed", size: 0 } }, "a cohort's size"],
    [{ algorithm: { ...fedAvg, localEpochs: 0.5 } }, "localEpochs is a whole number of 1 or more, got 0.5"],
    [{ algorithm: { ...fedAvg, momentum: 1 } }, "momentum is from 0 to below 1"],
    [{ algorithm: { kind: "FedSGD", batchSize: 0 } }, "batchSize"],
  ] as const)("refuse %o", async (fields, message) => {
    await expect(play(fields)).rejects.toThrow(message);
  });
});

describe("who takes part", () => {
  it("is drawn anew every round, and only those train", async () => {
    const { records } = await play({ cohort: { kind: "fixed", size: 2 }, rounds: 6 });
    for (const { cohort, clients } of records) {
      expect(cohort).toHaveLength(2);
      expect([...clients.keys()]).toEqual(cohort);
    }
    expect(new Set(records.map(({ cohort }) => cohort.join())).size).toBeGreaterThan(1);
  });

  it("is left to a defense that samples, from everybody", async () => {
    const pools: string[] = [];
    const sampling = attached("samples", {
      selectCohort: (pool) => {
        pools.push(pool.join());
        return [pool[3]!];
      },
    });
    const { records } = await play({ cohort: { kind: "fixed", size: 2 }, defenses: [sampling] });
    expect(pools).toEqual(["0,1,2,3", "0,1,2,3"]);
    expect(records[0]!.cohort).toEqual([3]);
  });

  it("may be nobody: the round then changes nothing, but noise on the aggregate", async () => {
    const nobody = attached("nobody", { selectCohort: () => [] });
    const { records } = await play({ rounds: 1, defenses: [nobody] });
    expect(records[0]!.clients.size).toBe(0);
    expect(far(start.weights, records[0]!.released)).toBe(0);
    const noise = attached("noise", { afterAggregate: (sum) => mapUpdate(sum, () => 1) }, "server");
    const noised = await play({ rounds: 1, defenses: [nobody, noise] });
    expect(noised.records[0]!.released.get("fc1.weight")!.data[0]).toBe(
      Math.fround(start.weights.get("fc1.weight")!.data[0]! - federation.serverLearningRate),
    );
  });

  it("shows whose upload got lost, and averages the others", async () => {
    const { records } = await play({ dropout: 0.4, rounds: 8 });
    const lost = records.flatMap(({ dropouts }) => dropouts).length;
    expect(lost).toBeGreaterThan(4);
    expect(lost).toBeLessThan(24);
    for (const { clients, dropouts, aggregate } of records) {
      const arrived = [...clients].filter(([id]) => !dropouts.includes(id)).map(([, client]) => client);
      expect([...clients.values()].filter((client) => client.arrived)).toEqual(arrived);
      const total = arrived.reduce((sum, { samples }) => sum + samples, 0);
      const expected =
        arrived.length === 0
          ? zeroUpdate(start.model)
          : weightedSum(
              arrived.map(({ message }) => message.update),
              arrived.map(({ samples }) => samples / total),
            );
      expect(distortion(expected, aggregate).identity).toBe(true);
    }
    expect((await play({ dropout: 1 })).records.every(({ released }) => far(start.weights, released) === 0)).toBe(true);
  });
});

describe("batches", () => {
  const drawn = async (batches: "fresh" | "fixed", rounds = 3) => {
    const { records } = await play({ batches, rounds, algorithm: { kind: "FedSGD", batchSize: 2 } });
    return records.map(({ clients }) => clients.get(3)!.batch.inputs.data.join());
  };
  it("are the head of the data every round where they are fixed, and drawn anew where they are fresh", async () => {
    const head = federation.clients[3]!.data.inputs.data.subarray(0, 32).join();
    expect(await drawn("fixed")).toEqual([head, head, head]);
    expect(new Set(await drawn("fresh")).size).toBeGreaterThan(1);
  });

  it("of FedAvg are all samples once an epoch, the last batch smaller", async () => {
    const sizes: number[][] = [];
    const watch = attached("watch", {
      transformBatch: (rows, { client }) => {
        if (client === 2) sizes.push([...rows.labels]);
        return rows;
      },
    });
    const { records } = await play({ rounds: 1, algorithm: fedAvg, defenses: [watch] });
    expect(sizes.map(({ length }) => length)).toEqual([2, 2, 1, 2, 2, 1]);
    const { data } = federation.clients[2]!;
    for (const epoch of [sizes.slice(0, 3), sizes.slice(3)])
      expect(epoch.flat().sort()).toEqual([...data.labels].sort());
    const record = records[0]!.clients.get(2)!;
    expect(record.samples).toBe(5);
    expect(record.batch).toEqual(data);
  });
});

describe("what survives rounds", () => {
  const feedback: Hooks["beforeUpload"] = (message, { memory }) => {
    const residual = memory.get("residual") as typeof message.update | undefined;
    const whole = residual ? addScaled(1, residual, message.update) : message.update;
    const update = mapUpdate(whole, (value, position) => (position % 2 === 0 ? value : 0));
    memory.set("residual", addScaled(-1, update, whole));
    return { ...message, update };
  };

  it("is each client's own: error feedback sends in round 2 what round 1 held back", async () => {
    const alternating = attached("alternating", {
      beforeUpload: (message, context) => {
        const kept = context.memory.get("rounds") as number | undefined;
        context.memory.set("rounds", (kept ?? 0) + 1);
        return feedback!(message, context);
      },
    });
    const plain = await play();
    const { records } = await play({ defenses: [alternating] });
    const first = plain.records[0]!.clients.get(1)!.message.update;
    const sent = records[0]!.clients.get(1)!.message.update;
    const odd = mapUpdate(first, (value, position) => (position % 2 === 0 ? 0 : value));
    expect(distortion(addScaled(1, odd, sent), first).identity).toBe(true);
    // The second round's residual holds both rounds' odd entries; even ones were sent as they are.
    expect(records[1]!.receipts[0]!.identity).toBe(false);
  });

  it("is kept apart by client, defense and server", async () => {
    const counts: string[] = [];
    const count = (id: string) =>
      attached(id, {
        afterGradient: (update, { client, memory }) => {
          memory.set("n", ((memory.get("n") as number | undefined) ?? 0) + 1);
          counts.push(`${id} ${client} ${memory.get("n")}`);
          return update;
        },
        afterAggregate: (update, { memory }) => {
          memory.set("n", ((memory.get("n") as number | undefined) ?? 0) + 1);
          counts.push(`${id} server ${memory.get("n")}`);
          return update;
        },
      });
    const two = federation.clients.slice(0, 2);
    await play({ clients: two, defenses: [count("a"), count("b")] });
    expect(counts.sort()).toEqual(
      ["a", "b"]
        .flatMap((id) => ["0", "1", "server"].flatMap((place) => [1, 2].map((n) => `${id} ${place} ${n}`)))
        .sort(),
    );
  });

  it("shows each client the payloads that it got before", async () => {
    const seen: number[] = [];
    const vet = attached("vet", {
      vetPayload: (payload, history) => {
        seen.push(history.length);
        expect(history).not.toContain(payload);
        return { action: "accept", report: "" };
      },
    });
    const { records } = await play({ clients: federation.clients.slice(0, 2), rounds: 3, defenses: [vet] });
    expect(seen).toEqual([0, 0, 1, 1, 2, 2]);
    expect(records[2]!.refusals.size).toBe(0);
  });

  it("goes on without a client that refuses", async () => {
    const wary = attached("wary", {
      vetPayload: (_, __, { client }) => ({ action: client === 1 ? "quarantine" : "accept", report: "odd" }),
    });
    const { records } = await play({ defenses: [wary] });
    expect([...records[1]!.refusals]).toEqual([[1, { action: "quarantine", report: "odd", defense: "wary" }]]);
    expect([...records[1]!.clients.keys()]).toEqual([0, 2, 3]);
  });
});
