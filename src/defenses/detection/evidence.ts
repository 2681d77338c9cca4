// What a client's own batch does on a received model: the numbers that detectors D4, D5, D7 and D9 read. Nothing of it leaves the client.
import { type Batch, readRows } from "../../data/dataset.js";
import type { Backend } from "../../engine/backends/backend.js";
import type { Payload, Update } from "../../federated/hooks.js";
import { createTrainer, type Trainer } from "../../federated/training.js";
import type { Random } from "../../math/random.js";
import { initialise } from "../../models/define.js";
import type { Answer, LocalEvidence } from "./define.js";

interface Gathering {
  readonly payload: Payload;
  /** Pixels as the model sees them. */
  readonly batch: Batch;
  readonly backend: Backend;
  /** For the fresh weights that the payload is compared with. */
  readonly random: Random;
  /** Earlier payloads, oldest first. */
  readonly history?: readonly Payload[];
}

/** Runs the batch on the payload, on fresh weights and on earlier payloads. Costs about 2 N + history gradients. */
export async function gatherEvidence({
  payload,
  batch,
  backend,
  random,
  history = [],
}: Gathering): Promise<LocalEvidence> {
  const trainer = createTrainer(backend, "float32");
  try {
    const fresh = { model: payload.model, weights: initialise(payload.model, random) };
    const past: Answer[] = [];
    for (const earlier of history) past.push(await trainer.gradient(earlier, batch));
    return {
      ...(await trainer.gradient(payload, batch)),
      perSample: await samplesOf(trainer, payload, batch),
      batchStatistics: (await trainer.gradient(payload, batch, { mode: "train" })).statistics,
      past,
      fresh: await samplesOf(trainer, fresh, batch),
    };
  } finally {
    await trainer.dispose();
  }
}

async function samplesOf(trainer: Trainer, payload: Payload, batch: Batch) {
  const updates: Update[] = [];
  for (let row = 0; row < batch.labels.length; row++) {
    updates.push((await trainer.gradient(payload, readRows(batch, [row]))).update);
  }
  return updates;
}
