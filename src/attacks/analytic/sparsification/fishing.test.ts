import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { attached } from "../../../../test/small-federation.js";
import {
  armInput,
  attackContext,
  backend,
  freshPayload,
  knowledge,
  observation,
} from "../../../../test/small-round.js";
import { type Batch, type Dataset, readBatch } from "../../../data/dataset.js";
import { openDataset } from "../../../data/open.js";
import type { AttachedDefense, Update } from "../../../federated/hooks.js";
import { plainProtocol } from "../../../federated/protocol.js";
import { runRound } from "../../../federated/round.js";
import { createTrainer, type Trainer } from "../../../federated/training.js";
import { createRandom } from "../../../math/random.js";
import { splitBatch } from "../../../metrics/image.js";
import { meanSquaredError } from "../../../metrics/similarity/mse.js";
import { models } from "../../../models/index.js";
import type { ObservedRound } from "../../../threat/observation.js";
import { behaviourOf, powersOf } from "../../../threat/server.js";
import invertingGradients from "../../optimization/basic/inverting-gradients.js";
import { squaredSum } from "../../optimization/matching.js";
import attack from "./fishing.js";
import { nextStep, rewriteHead, type Tackle } from "./fishing-queries.js";
import { isolatedRound } from "./isolated-gradient.js";

const context = attackContext(1);
const CLASSES = 8;
let portraits: Dataset;
let byClass: number[][];
let trainer: Trainer;
beforeAll(async () => {
  portraits = await openDataset({ source: "portraits", size: 16 });
  byClass = Array.from({ length: CLASSES }, (_, c) =>
    Array.from({ length: portraits.length }, (__, record) => record).filter((record) => portraits.label(record) === c),
  );
  trainer = createTrainer(backend, "float32");
});
afterAll(() => trainer.dispose());

/** `counts[c]` records of class c. */
const batchOf = (counts: readonly number[]): Batch =>
  readBatch(
    portraits,
    counts.flatMap((count, c) => byClass[c]!.slice(0, count)),
  );

interface Trip {
  readonly counts: readonly number[];
  readonly net?: string;
  readonly seed?: number;
  readonly defenses?: readonly AttachedDefense[];
  readonly clients?: number;
}

/** One round against the attack's server, and what it saw of client 0. */
async function fish({ counts, net = "convnet", seed = 1, defenses = [], clients = 1 }: Trip) {
  const batch = batchOf(counts);
  const batchSize = batch.labels.length;
  const honest = freshPayload(models[net]!([3, 16, 16], CLASSES), createRandom(seed));
  const options = attack.options.parse({ iterations: 3 });
  const armed = await attack.arm!(armInput(honest, undefined, { batchSize }), options, context);
  const record = await runRound({
    round: 0,
    clients: Array.from({ length: clients }, (_, id) => ({ id, data: batch })),
    protocol: { ...plainProtocol, algorithm: { kind: "FedSGD", batchSize }, defenses },
    global: honest,
    trainer,
    random: createRandom(seed),
    server: behaviourOf(armed),
    powers: powersOf("F"),
  });
  const first = record.clients.get(0)!;
  const rounds = [first, ...first.repeats].map(
    ({ payload, message: { update } }): ObservedRound => ({ round: 0, payload, view: { kind: "upload", update } }),
  );
  return { batch, honest, options, secret: armed.secret as Tackle, rounds, record };
}

/** Gradients of every sample by itself under the isolated round's model, labelled as the catch says. */
async function alone({ payload }: ObservedRound, batch: Batch, label: number): Promise<Update[]> {
  const size = batch.inputs.data.length / batch.labels.length;
  const updates: Update[] = [];
  for (const row of batch.labels.keys()) {
    const inputs = { shape: [1, 3, 16, 16], data: batch.inputs.data.slice(row * size, (row + 1) * size) };
    updates.push((await trainer.gradient(payload, { inputs, labels: [label] })).update);
  }
  return updates;
}

function cosine(a: Update, b: Update): number {
  let [dot, left, right] = [0, 0, 0];
  for (const [name, { data }] of a) {
    data.forEach((value, i) => {
      const other = b.get(name)!.data[i]!;
      dot += value * other;
      left += value * value;
      right += other * other;
    });
  }
  return dot / Math.sqrt(left * right);
}

async function nearest({ batch, rounds, secret }: Awaited<ReturnType<typeof fish>>) {
  const step = nextStep(rounds, secret);
  if (!("caught" in step)) throw new Error(JSON.stringify(step));
  const isolated = isolatedRound(step.caught, batch.labels.length);
  const single = await alone(isolated, batch, step.caught.target);
  const cosines = single.map((update) => cosine(isolated.view.update, update));
  const row = cosines.indexOf(Math.max(...cosines));
  return { caught: step.caught, row, cosine: cosines[row]!, isolated, single: single[row]! };
}

const norm = (update: Update) => Math.sqrt([...update.values()].reduce((sum, { data }) => sum + squaredSum(data), 0));

describe("a class with a single sample", () => {
  it.each(["convnet", "lenet-wide", "mlp"])("answers with that sample's own gradient: %s, 32 images", async (net) => {
    const trip = await fish({ counts: [9, 6, 1, 5, 4, 3, 2, 2], net });
    expect(trip.rounds).toHaveLength(2);
    const found = await nearest(trip);
    expect(found.caught.target).toBe(2);
    expect(trip.batch.labels[found.row]).toBe(2);
    expect(found.cosine).toBeGreaterThan(0.9999);
    expect(norm(found.isolated.view.update) / norm(found.single)).toBeCloseTo(1, 3);
  });

  it("is inverted as well as the sample's own update would be", async () => {
    const trip = await fish({ counts: [9, 6, 1, 5, 4, 3, 2, 2], net: "lenet-wide" });
    const { isolated, single, row, caught } = await nearest(trip);
    const own = { ...isolated, view: { kind: "upload" as const, update: single } };
    const size = 3 * 16 * 16;
    const original = { shape: [3, 16, 16] as const, data: trip.batch.inputs.data.slice(row * size, (row + 1) * size) };
    const decibels = async (round: ObservedRound) => {
      const seen = { updates: { rounds: [round] }, basicKnowledge: knowledge(1), labels: [caught.target] };
      const how = invertingGradients.options.parse({ iterations: 300 });
      const given = { observation: observation(seen), prepared: undefined, secret: undefined };
      const found = await invertingGradients.run(given, how, attackContext(3));
      return -10 * Math.log10(meanSquaredError(splitBatch(found.inputs)[0]!, original));
    };
    const [caughtOne, ownOne] = [await decibels(isolated), await decibels(own)];
    expect(ownOne).toBeGreaterThan(20);
    expect(Math.abs(caughtOne - ownOne)).toBeLessThan(1);
  });

  it("is not what an honest model's answer holds", async () => {
    const { batch, rounds, honest } = await fish({ counts: [9, 6, 1, 5, 4, 3, 2, 2] });
    const whole = rounds[0]!;
    expect(whole.payload.weights.get("fc.weight")).toBe(honest.weights.get("fc.weight"));
    const single = await alone(whole, batch, 2);
    expect(Math.max(...single.map((update) => cosine(whole.view.update, update)))).toBeLessThan(0.9);
  });
});

describe("a feature that is cut", () => {
  it.each([1, 2, 3])("isolates one of four samples of the only class within 12 queries, weights %d", async (seed) => {
    const trip = await fish({ counts: [0, 0, 4, 0, 0, 0, 0, 0], seed });
    expect(trip.rounds.length).toBeLessThanOrEqual(12);
    const found = await nearest(trip);
    expect(found.caught.below).toBeDefined();
    expect(found.cosine).toBeGreaterThan(0.99);
    expect(norm(found.isolated.view.update) / norm(found.single)).toBeCloseTo(1, 2);
  });

  it.each([1, 2, 3])("isolates one of 32 samples where every class has four, weights %d", async (seed) => {
    const trip = await fish({ counts: [4, 4, 4, 4, 4, 4, 4, 4], seed });
    expect(trip.rounds.length).toBeLessThanOrEqual(12);
    expect((await nearest(trip)).cosine).toBeGreaterThan(0.99);
  });
});

describe("fishing", () => {
  it("changes nothing but the last layer's values, and asks each client by itself", async () => {
    const { rounds, honest, record } = await fish({ counts: [2, 1, 3, 0, 0, 0, 0, 0], clients: 2 });
    for (const { payload } of rounds) {
      expect(payload.model).toBe(honest.model);
      for (const [name, value] of honest.weights) {
        if (!name.startsWith("fc.")) expect(payload.weights.get(name)).toBe(value);
      }
    }
    expect([...record.clients.values()].map(({ repeats }) => repeats.length)).toEqual([1, 1]);
  });

  it("asks once where uploads are hidden, and says that it found nothing", async () => {
    const { rounds, secret, options, record } = await fish({
      counts: [2, 1, 3, 0, 0, 0, 0, 0],
      clients: 2,
      defenses: [attached("sum", {}, "masking")],
    });
    expect(rounds).toHaveLength(1);
    const seen = {
      round: 0,
      payload: rounds[0]!.payload,
      view: { kind: "aggregate" as const, update: record.aggregate },
    };
    const given = observation({ updates: { rounds: [seen] }, basicKnowledge: knowledge(12) });
    const found = await attack.run({ observation: given, prepared: undefined, secret }, options, context);
    expect(found.inputs.shape[0]).toBe(0);
    expect(found.notes[0]).toContain("uploads are hidden");
  });

  it("gives up after as many queries as it may make", async () => {
    const { rounds, secret } = await fish({ counts: [4, 4, 4, 4, 4, 4, 4, 4] });
    expect(nextStep(rounds.slice(0, -1), { ...secret, queries: 3 })).toEqual({
      failed: "no sample was isolated within 3 queries",
    });
  });

  it("refuses a model whose last layer has no bias", async () => {
    const { honest, secret } = await fish({ counts: [1, 1, 0, 0, 0, 0, 0, 0] });
    const bare = { ...honest, model: { ...honest.model, head: { weight: honest.model.head.weight } } };
    expect(() => rewriteHead(bare, { kind: "class", target: 1 }, secret)).toThrow("model convnet has none");
    expect(rewriteHead(bare, { kind: "honest" }, secret).weights).toBe(honest.weights);
  });

  it("needs the power to rewrite models and no surrogate pictures: its weakest letter is F", () => {
    expect(attack.needs).toContain("activeManipulation");
    expect(attack.needs).not.toContain("surrogateData");
  });
});
