// One small federated round for tests: random pictures, fresh weights, and what an adversary sees of it.
import type { Attack, AttackContext } from "../src/attacks/define.js";
import type { Batch, ImageShape } from "../src/data/dataset.js";
import { nodeCpu } from "../src/engine/backends/node-cpu.js";
import type { AttachedDefense, Payload } from "../src/federated/hooks.js";
import { plainProtocol } from "../src/federated/protocol.js";
import { type RoundRecord, runRound } from "../src/federated/round.js";
import { createTrainer } from "../src/federated/training.js";
import { createRandom, type Random } from "../src/math/random.js";
import { sizeOf, tensor } from "../src/math/tensor.js";
import { initialise, type Model } from "../src/models/define.js";
import type { BasicKnowledge, Grants, ObservedRound } from "../src/threat/observation.js";

export const backend = nodeCpu({ threads: 1 });

/** Pictures of blurred noise in [0, 1], each with its own brightness and contrast, with labels drawn at random. */
export function drawBatch(random: Random, shape: ImageShape, classes: number, size: number): Batch {
  const data = new Float64Array(size * sizeOf(shape));
  for (let image = 0; image < size; image++) {
    const rows = data.subarray(image * sizeOf(shape), (image + 1) * sizeOf(shape));
    const [low, high] = [0.5 * random.uniform(), 0.5 + 0.5 * random.uniform()];
    random.fillUniform(rows, low, high);
    for (let i = 1; i < rows.length; i++) rows[i] = (rows[i - 1]! + rows[i]!) / 2;
  }
  const labels = Array.from({ length: size }, () => random.integer(classes));
  return { inputs: tensor([size, ...shape], data), labels };
}

export const freshPayload = (model: Model, random: Random): Payload => ({ model, weights: initialise(model, random) });

interface SmallRound {
  readonly payload: Payload;
  readonly batch: Batch;
  readonly defenses?: readonly AttachedDefense[];
  readonly seed?: number;
}

/** A round of one client, number 0, that trains on all of `batch`. */
export async function playRound({ payload, batch, defenses = [], seed = 1 }: SmallRound): Promise<RoundRecord> {
  const trainer = createTrainer(backend, "float32");
  try {
    return await runRound({
      round: 0,
      clients: [{ id: 0, data: batch }],
      protocol: { ...plainProtocol, algorithm: { kind: "FedSGD", batchSize: batch.labels.length }, defenses },
      global: payload,
      trainer,
      random: createRandom(seed),
    });
  } finally {
    await trainer.dispose();
  }
}

/** The round as a passive observer of client 0 sees it. */
export function observed({ round, clients }: RoundRecord): ObservedRound {
  const { payload, message } = clients.get(0)!;
  return { round, payload, view: { kind: "upload", update: message.update } };
}

/** What an attack is run on, from the grants that a test hands to it. */
export const observation = (seen: Partial<Grants> & { readonly labels?: readonly number[] }) =>
  seen as Parameters<Attack["run"]>[0]["observation"];

export const knowledge = (batchSize: number): BasicKnowledge => ({
  batchSize,
  normalization: null,
  pixelRange: [0, 1],
  loss: { kind: "cross-entropy", reduction: "mean" },
});

/** What a malicious server is armed with, on raw pixels. */
export const armInput = (payload: Payload, prepared: unknown = undefined, { clients = 1, batchSize = 1 } = {}) => ({
  payload,
  prepared,
  clients,
  basicKnowledge: knowledge(batchSize),
});

/** A context with all the time in the world; `seed` starts the attack's stream. */
export function attackContext(seed: number, overrides: Partial<AttackContext> = {}): AttackContext {
  return {
    backend,
    random: createRandom(seed),
    signal: new AbortController().signal,
    outOfTime: () => false,
    progress: () => {},
    ...overrides,
  };
}
