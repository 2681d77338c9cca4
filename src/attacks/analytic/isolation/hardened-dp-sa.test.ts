import { beforeAll, describe, expect, it } from "vitest";
import {
  armInput,
  attackContext,
  backend,
  freshPayload,
  knowledge,
  observation,
} from "../../../../test/small-round.js";
import { type Batch, readBatch } from "../../../data/dataset.js";
import { openDataset } from "../../../data/open.js";
import secureAggregation from "../../../defenses/aggregation/secure-aggregation.js";
import { attach } from "../../../defenses/define.js";
import type { AttachedDefense } from "../../../federated/hooks.js";
import { plainProtocol } from "../../../federated/protocol.js";
import { runRound } from "../../../federated/round.js";
import { createTrainer } from "../../../federated/training.js";
import { createRandom } from "../../../math/random.js";
import { splitBatch } from "../../../metrics/image.js";
import { meanSquaredError } from "../../../metrics/similarity/mse.js";
import { models } from "../../../models/index.js";
import { weakestThreat } from "../../../threat/capabilities.js";
import { observe } from "../../../threat/observe.js";
import { behaviourOf, powersOf } from "../../../threat/server.js";
import attack from "./hardened-dp-sa.js";

const BATCH = 6;
const CLIENTS = 3;
const context = attackContext(1);
let clients: { id: number; data: Batch }[];
let surrogate: Batch;
beforeAll(async () => {
  const photos = await openDataset({ source: "photos", size: 16, stride: 8 });
  const batch = (from: number, count: number) =>
    readBatch(
      photos,
      Array.from({ length: count }, (_, i) => from + i),
    );
  clients = Array.from({ length: CLIENTS }, (_, id) => ({ id, data: batch(id * BATCH, BATCH) }));
  surrogate = batch(60, 60);
});

/** A round under adversary H; the attack's claims, and the best PSNR of each picture of client `victim`. */
async function play(options: Record<string, unknown>, defenses: readonly AttachedDefense[], model = "mlp", round = 0) {
  const parsed = attack.options.parse({ sybils: 3, rows: 200, ...options });
  const payload = freshPayload(models[model]!([3, 16, 16], 8), createRandom(5));
  const prepared = await attack.prepare!({ payload, surrogate }, parsed, context);
  const armed = await attack.arm!(armInput(payload, prepared, { clients: CLIENTS, batchSize: BATCH }), parsed, context);
  const trainer = createTrainer(backend, "float32");
  const record = await runRound({
    round,
    clients,
    protocol: { ...plainProtocol, algorithm: { kind: "FedSGD", batchSize: BATCH }, defenses },
    global: payload,
    trainer,
    random: createRandom(3),
    server: behaviourOf(armed),
    powers: powersOf("H"),
  }).finally(() => trainer.dispose());
  const victim = round % CLIENTS;
  const release = {
    ...{ records: [record], client: victim, basicKnowledge: knowledge(BATCH) },
    trainingDetails: {
      ...{ algorithm: "FedSGD" as const, learningRate: 0.1, localEpochs: 1 },
      ...{ batchSize: BATCH, sampleCount: BATCH, mode: "eval" as const },
    },
    surrogateData: () => surrogate,
  };
  const seen = observe(release, { attack: attack.id, threat: "H", needs: attack.needs });
  const found = await attack.run(
    { observation: observation(seen), prepared: undefined, secret: armed.secret },
    parsed,
    context,
  );
  const candidates = found.inputs.shape[0] === 0 ? [] : splitBatch(found.inputs);
  const psnrs = splitBatch(clients[victim]!.data.inputs).map((original) =>
    Math.max(0, ...candidates.map((candidate) => -10 * Math.log10(meanSquaredError(candidate, original)))),
  );
  return { record, found, psnrs, payload };
}
const above = (psnrs: readonly number[], bar: number) => psnrs.filter((psnr) => psnr >= bar).length;
const hardened = (options: Record<string, unknown>) => [attach(secureAggregation, { clip: 1, ...options })];

describe("hardened-dp-sa", () => {
  it("is adversary H's: no weaker letter chooses clients", () => {
    expect(weakestThreat(attack.needs)).toBe("H");
  });

  it("reads pictures of an upload exactly, and changes no architecture whose first layer is fully connected", async () => {
    const { psnrs, record, payload } = await play({}, []);
    expect(above(psnrs, 60)).toBeGreaterThanOrEqual(BATCH / 2);
    const sent = record.clients.get(0)!.payload;
    expect(sent.model).toBe(payload.model);
    expect(record.cohort).toEqual([0, 3, 4, 5]);
    expect([...record.clients.values()].map(({ sybil }) => sybil)).toEqual([false, true, true, true]);
  });

  it("puts its rows in front of other models", async () => {
    const { psnrs, record } = await play({}, [], "lenet");
    expect(record.clients.get(0)!.payload.model.id).toBe("trap+lenet");
    expect(above(psnrs, 60)).toBeGreaterThanOrEqual(BATCH / 2);
  });

  it("reads one client out of a secure sum of sybils, another one each round", async () => {
    for (const round of [0, 1]) {
      const { psnrs, record, found } = await play({}, hardened({}), "mlp", round);
      expect(record.hiddenBy).toBe("secure-aggregation");
      expect(above(psnrs, 40)).toBeGreaterThanOrEqual(BATCH / 2);
      expect(found.notes[0]).toBe("reconstructed method: written from the paper's abstract");
      expect(found.notes[2]).toBe("3 of 4 clients in the round were the server's own");
      expect(found.confidence).toHaveLength(found.inputs.shape[0]!);
    }
  });

  it("reads through noise that was to be shared, better by averaging, and not through noise of the client's own", async () => {
    const shared = hardened({ noiseMultiplier: 0.1, noiseAmong: 1e8 });
    const [merged, single] = [await play({}, shared), await play({ merge: false }, shared)];
    expect(above(merged.psnrs, 25)).toBeGreaterThanOrEqual(BATCH / 2);
    const mean = (psnrs: readonly number[]) => psnrs.reduce((sum, psnr) => sum + psnr, 0) / psnrs.length;
    expect(mean(merged.psnrs)).toBeGreaterThan(mean(single.psnrs) + 2);
    const local = await play({}, hardened({ noiseMultiplier: 0.1 }));
    expect(above(local.psnrs, 20)).toBe(0);
    const honest = await play({ sybils: 0 }, hardened({ noiseMultiplier: 0.1, noiseAmong: CLIENTS }));
    expect(honest.record.cohort).toEqual([0, 1, 2]);
    expect(above(honest.psnrs, 20)).toBe(0);
  });
});
