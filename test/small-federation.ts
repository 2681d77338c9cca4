// A small federation for tests: four clients with drawn pictures, an MLP, and what its rounds left behind.

import { type Federation, type FederationOptions, runFederation } from "../src/federated/federation.js";
import type { AttachedDefense, Hooks, Stage } from "../src/federated/hooks.js";
import { plainProtocol } from "../src/federated/protocol.js";
import type { RoundRecord } from "../src/federated/round.js";
import { createTrainer } from "../src/federated/training.js";
import { addScaled, updateNorm } from "../src/federated/update.js";
import { createRandom } from "../src/math/random.js";
import type { Weights } from "../src/models/define.js";
import { models } from "../src/models/index.js";
import { backend, drawBatch, freshPayload } from "./small-round.js";

const random = createRandom(12);
export const start = freshPayload(models.mlp!([1, 4, 4], 3), random.split("model"));
export const heldOut = drawBatch(random.split("held out"), [1, 4, 4], 3, 10);

/** FedSGD of four clients, with 3, 4, 5 and 6 samples, for two rounds. */
export const federation: Federation = {
  ...plainProtocol,
  start,
  clients: [0, 1, 2, 3].map((id) => ({ id, data: drawBatch(random.split("client", id), [1, 4, 4], 3, 3 + id) })),
  rounds: 2,
  seed: 5,
};

export const fedAvg = {
  kind: "FedAvg",
  batchSize: 2,
  localEpochs: 2,
  learningRate: 0.1,
  momentum: 0.5,
  weightDecay: 0,
} as const;

export const attached = (id: string, hooks: Partial<Hooks>, stage: Stage = "perturbation"): AttachedDefense => ({
  id,
  stage,
  needs: hooks.peerExchange ? ["peerChannel"] : [],
  hooks,
});

/** Plays `federation` with a few fields of one's own, and keeps every record. */
export async function play(fields: Partial<Federation> = {}, options: FederationOptions = {}) {
  const trainer = createTrainer(backend, "float32");
  const records: RoundRecord[] = [];
  try {
    const { onRound, ...others } = options;
    const result = await runFederation({ ...federation, ...fields }, trainer, {
      ...others,
      onRound: async (record, accuracy) => {
        records.push(record);
        await onRound?.(record, accuracy);
      },
    });
    return { ...result, records };
  } finally {
    await trainer.dispose();
  }
}

/** Distance of `b` from `a`, relative to `a`. */
export const far = (a: Weights, b: Weights): number => updateNorm(addScaled(-1, a, b)) / updateNorm(a);
