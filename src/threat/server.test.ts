// A malicious server does what its threat model grants, and is stopped by name when it does more.
import { describe, expect, it } from "vitest";
import { attached, far, federation, play, start } from "../../test/small-federation.js";
import { drawBatch } from "../../test/small-round.js";
import type { Payload } from "../federated/hooks.js";
import { PayloadRefusedError } from "../federated/round.js";
import { CapabilityError, type Power, type ServerBehaviour, type ServerView } from "../federated/server-behaviour.js";
import { distortion, mapUpdate, zeroUpdate } from "../federated/update.js";
import { createRandom } from "../math/random.js";
import { grants, type ThreatLetter, threatLetters, threatModels } from "./capabilities.js";
import type { ObservedRound } from "./observation.js";
import { behaviourOf, powersOf } from "./server.js";

/** The same model with every weight multiplied. */
const scaled = (payload: Payload, factor: number): Payload => ({
  ...payload,
  weights: mapUpdate(payload.weights, (value) => factor * value),
});
const underThreat = (threat: ThreatLetter, server: ServerBehaviour, fields: Parameters<typeof play>[0] = {}) =>
  play({ rounds: 1, ...fields }, { server, powers: powersOf(threat) });
const spare = drawBatch(createRandom(1), [1, 4, 4], 3, 2);

const deeds: Readonly<Record<string, readonly [Power, ServerBehaviour]>> = {
  "rewrites the payload of all": ["activeManipulation", { payload: (_, __, honest) => scaled(honest, 2) }],
  "sends one client another payload": [
    "activeManipulation",
    { payload: (_, client, honest) => (client === 2 ? scaled(honest, 2) : honest) },
  ],
  "queries a client again": [
    "activeManipulation",
    { again: (_, client, seen) => (client === 1 && seen.at(-1)!.answers.length < 6 ? start : null) },
  ],
  "chooses the cohort": ["clientSelection", { cohort: () => [3] }],
  "adds a client of its own": ["clientSelection", { sybils: () => [{ kind: "trains", data: spare }] }],
};

describe.each(Object.entries(deeds))("a server that %s", (_, [power, server]) => {
  it.each(threatLetters)("under threat model %s does so exactly where it is granted", async (threat) => {
    if (grants(threat, power)) {
      expect((await underThreat(threat, server)).records).toHaveLength(1);
      return;
    }
    const granting = power === "activeManipulation" ? "F" : "H";
    await expect(underThreat(threat, server)).rejects.toThrow(CapabilityError);
    await expect(underThreat(threat, server)).rejects.toThrow(
      `takes "${power}": threat model ${threat} (${threatModels[threat].title}) does not grant it; ` +
        `the weakest threat model that does is ${granting} (${threatModels[granting].title})`,
    );
  });

  it("is refused without powers", async () => {
    await expect(play({ rounds: 1 }, { server })).rejects.toThrow(CapabilityError);
  });
});

describe("a server that", () => {
  it("behaves itself needs no power", async () => {
    const copy: ServerBehaviour = {
      payload: (_, __, honest) => ({ model: honest.model, weights: new Map(honest.weights) }),
      again: () => null,
      cohort: (_, pool) => pool,
      sybils: () => [],
    };
    const { weights } = await underThreat("A", copy);
    expect(far((await play({ rounds: 1 })).weights, weights)).toBe(0);
  });

  it("rewrites payloads gets answers to what it sent; the record keeps them per client, and the model goes on", async () => {
    const { records } = await underThreat("F", deeds["sends one client another payload"]![1]);
    const { clients, released, aggregate } = records[0]!;
    expect(clients.get(0)!.payload.weights).toBe(start.weights);
    expect(far(start.weights, clients.get(2)!.payload.weights)).toBeCloseTo(1, 6);
    expect(distortion(aggregate, clients.get(2)!.message.update).identity).toBe(false);
    const first = start.weights.get("fc1.weight")!.data[0]!;
    expect(released.get("fc1.weight")!.data[0]).toBe(
      Math.fround(first - federation.serverLearningRate * aggregate.get("fc1.weight")!.data[0]!),
    );
  });

  it("queries again within a round gets answers on the same data, of which the first is averaged", async () => {
    const asked: Payload[] = [scaled(start, 2), scaled(start, 3)];
    const server: ServerBehaviour = {
      again: (_, client, seen) => {
        const answers = seen.at(-1)!.answers.filter((answer) => answer.client === client);
        return client === 1 ? (asked[answers.length - 1] ?? null) : null;
      },
    };
    const { records } = await underThreat("F", server, {
      batches: "fixed",
      algorithm: { kind: "FedSGD", batchSize: 2 },
    });
    const client = records[0]!.clients.get(1)!;
    expect(client.repeats.map(({ payload }) => payload)).toEqual(asked);
    for (const { batch, message } of client.repeats) {
      expect(batch).toEqual(client.batch);
      expect(distortion(client.message.update, message.update).identity).toBe(false);
    }
    expect(records[0]!.clients.get(0)!.repeats).toEqual([]);
    expect(
      far(
        (await play({ rounds: 1, batches: "fixed", algorithm: { kind: "FedSGD", batchSize: 2 } })).weights,
        records[0]!.released,
      ),
    ).toBe(0);
  });

  it("queries again cannot do so where the whole cohort masks together", async () => {
    const masks = attached("masks", {}, "masking");
    await expect(underThreat("F", deeds["queries a client again"]![1], { defenses: [masks] })).rejects.toThrow(
      "client 1 is queried again, but defense masks takes the whole cohort; play another round",
    );
  });

  it("chooses the cohort gets that one, and only from the clients there are", async () => {
    const { records } = await underThreat("H", { cohort: (round) => [round, 3] }, { rounds: 2 });
    expect(records.map(({ cohort }) => cohort)).toEqual([
      [0, 3],
      [1, 3],
    ]);
    await expect(underThreat("H", { cohort: () => [7] })).rejects.toThrow("the cohort holds 7, which is no client");
  });

  it("adds clients has them in the average, without their defenses, and they do not drop out", async () => {
    const noisy = attached("noisy", { afterLocalTraining: (update) => mapUpdate(update, (value) => value + 1) });
    const marked = attached(
      "marked",
      { beforeUpload: (message) => ({ ...message, bytes: message.bytes + 1 }) },
      "masking",
    );
    const server: ServerBehaviour = {
      cohort: () => [1],
      sybils: () => [
        { kind: "sends", update: zeroUpdate(start.model), samples: 12 },
        { kind: "trains", data: spare },
      ],
    };
    const { records } = await underThreat("H", server, {
      defenses: [noisy, marked],
      algorithm: { kind: "FedSGD", batchSize: 4 },
    });
    const { cohort, clients, aggregate } = records[0]!;
    expect(cohort).toEqual([1, 4, 5]);
    expect([...clients.values()].map(({ sybil }) => sybil)).toEqual([false, true, true]);
    const [victim, silent, trained] = [1, 4, 5].map((id) => clients.get(id)!);
    expect(distortion(zeroUpdate(start.model), silent!.message.update).identity).toBe(true);
    expect(silent!.message.bytes).toBe(victim!.message.bytes);
    expect([victim!.samples, silent!.samples, trained!.samples]).toEqual([4, 12, 2]);
    const [a, b, c] = [victim, silent, trained].map((client) => client!.message.update.get("fc1.bias")!.data[0]!);
    expect(aggregate.get("fc1.bias")!.data[0]).toBeCloseTo((4 * a! + 12 * b! + 2 * c!) / 18, 6);
    expect(Math.abs(c!)).toBeLessThan(0.9);
    const lossy = await underThreat("H", server, { dropout: 1 });
    expect(lossy.records[0]!.dropouts).toEqual([1]);
  });

  it("meets a client that refuses the rewritten model", async () => {
    const wary = attached("wary", {
      vetPayload: (payload) => ({ action: payload.weights === start.weights ? "accept" : "reject", report: "doubled" }),
    });
    const rewriting = deeds["rewrites the payload of all"]![1];
    await expect(underThreat("F", rewriting, { defenses: [wary] })).rejects.toThrow(PayloadRefusedError);
    const again: ServerBehaviour = { again: (_, client) => (client === 0 ? scaled(start, 2) : null) };
    const { records } = await underThreat("F", again, { defenses: [wary] });
    expect(records[0]!.clients.get(0)!.repeats).toEqual([]);
    expect([...records[0]!.refusals.keys()]).toEqual([0]);
  });

  it("remembers every answer of every round, as far as uploads are open", async () => {
    const histories: (readonly ServerView[])[] = [];
    const server: ServerBehaviour = {
      payload: (_, client, honest, seen) => {
        if (client === 0) histories.push(seen);
        return honest;
      },
    };
    const { records } = await underThreat("F", server, { rounds: 2 });
    expect(histories.map((seen) => seen.map(({ answers }) => answers.length))).toEqual([[0], [4, 0]]);
    const [first, second] = histories[1]!;
    expect(first!.aggregate).toBe(records[0]!.aggregate);
    expect(second!.aggregate).toBeNull();
    expect(first!.answers[2]!.message).toBe(records[0]!.clients.get(2)!.message);
  });
});

describe("an attack's armed server", () => {
  const rewritten = scaled(start, 2);
  const told: (readonly ObservedRound[])[] = [];
  const armed = {
    secret: 7,
    payload: (_: number, __: number, history: readonly ObservedRound[]) => {
      told.push(history);
      return rewritten;
    },
    done: (history: readonly ObservedRound[]) => history.length >= 2,
    cohort: () => [2],
    sybils: () => [{ kind: "trains", data: spare } as const],
  };

  it("acts as a behaviour: payload, cohort, sybils, and queries until it is done", async () => {
    told.length = 0;
    const { records } = await underThreat("H", behaviourOf({ ...armed, done: (history) => history.length >= 4 }));
    const { clients, cohort } = records[0]!;
    expect(cohort).toEqual([2, 4]);
    expect(clients.get(2)!.payload).toBe(rewritten);
    expect(clients.get(2)!.repeats).toHaveLength(2);
    expect(told.map(({ length }) => length)).toEqual([0, 0, 2, 3]);
    expect(told[3]![2]).toEqual({
      round: 0,
      client: 2,
      payload: rewritten,
      view: { kind: "upload", update: clients.get(2)!.repeats[0]!.message.update },
    });
  });

  it("learns only aggregates where uploads are hidden", async () => {
    told.length = 0;
    const masks = attached("masks", {}, "masking");
    const { payload } = armed;
    const { records } = await underThreat("F", behaviourOf({ payload }), { rounds: 2, defenses: [masks] });
    expect(told.at(-1)).toEqual([
      { round: 0, client: null, payload: rewritten, view: { kind: "aggregate", update: records[0]!.aggregate } },
    ]);
  });
});
