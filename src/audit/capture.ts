// Plays the federation of a configuration and hands out what travelled: the weights of every round and every client's update. One client in
// one round of FedSGD is what an audit plays: its batches are captured one by one on the same weights, number for number the same.

import { readBatch } from "../data/dataset.js";
import { normalise } from "../data/normalization.js";
import type { Backend } from "../engine/backends/backend.js";
import { runFederation } from "../federated/federation.js";
import type { ClientId, Update } from "../federated/hooks.js";
import { type RoundRecord, runRound } from "../federated/round.js";
import { createTrainer, type Trainer } from "../federated/training.js";
import { createRandom, type Random } from "../math/random.js";
import type { Weights } from "../models/define.js";
import { writeSafetensors } from "../models/safetensors.js";
import type { CaptureJson } from "./captured.js";
import type { Config } from "./config.js";
import { isPlain, protocolOf } from "./protocol.js";
import { type ClientSetting, openClients } from "./setting.js";
import { type Game, type Played, recordsBehind } from "./simulate.js";

export interface CaptureTools {
  readonly backend: Backend;
  readonly signal: AbortSignal;
  /** Keeps a file of the capture. */
  readonly save: (name: string, bytes: Uint8Array) => Promise<void>;
  /** Called after every round, with the mean local loss. */
  readonly onRound: (round: number, localLoss: number) => void;
}

type Captured = Omit<CaptureJson, "tool">;
type Round = Captured["rounds"][number];

/** Plays and saves. Throws as an audit does on material that cannot be used, and the signal's reason on abort. */
export async function captureFederation(config: Config, tools: CaptureTools): Promise<Captured> {
  const random = createRandom(config.seed);
  const setting = await openClients(config, random);
  const trainer = createTrainer(tools.backend, "float32");
  const { algorithm } = config.federation;
  try {
    const rounds =
      isPlain(config.federation) && config.federation.rounds === 1
        ? [await captureBatches(config, setting, trainer, random, tools)]
        : await captureRounds(config, setting, trainer, tools);
    const { batchSize, localEpochs, learningRate, momentum, weightDecay, mode } = config.federation;
    const { inputShape, classes } = setting.model;
    return {
      schemaVersion: 1,
      model: { name: config.model.name, inputShape: [...inputShape], classes },
      normalization: setting.normalization && {
        mean: [...setting.normalization.mean],
        deviation: [...setting.normalization.deviation],
      },
      federation: { algorithm, batchSize, localEpochs, learningRate, momentum, weightDecay, mode },
      seed: config.seed,
      rounds,
    };
  } finally {
    await trainer.dispose();
  }
}

async function captureBatches(
  config: Config,
  { dataset, model, weights, normalization, federations }: ClientSetting,
  trainer: Trainer,
  random: Random,
  { signal, save, onRound }: CaptureTools,
): Promise<Round> {
  const batches = federations.flat();
  const global = await saveGlobal(0, weights, save);
  const updates: Round["updates"] = [];
  let loss = 0;
  for (const [index, records] of batches.entries()) {
    const record = await runRound({
      round: 0,
      clients: [{ id: 0, data: normalise(readBatch(dataset, records), normalization) }],
      protocol: protocolOf(config.federation),
      global: { model, weights },
      trainer,
      random: random.split("batch", index),
      signal,
    });
    const { message, loss: own } = record.clients.get(0)!;
    loss += own / batches.length;
    const file = await saveUpdate(0, index, message.update, save);
    updates.push({ client: index, file, records: [...records], samples: records.length, steps: 1 });
  }
  onRound(0, loss);
  return { round: 0, global, updates };
}

async function captureRounds(
  { federation, seed }: Config,
  { dataset, model, weights, normalization, federations }: ClientSetting,
  trainer: Trainer,
  { signal, save, onRound }: CaptureTools,
): Promise<Round[]> {
  const [shares, ...more] = federations;
  if (more.length > 0) {
    throw new RangeError(
      `a capture holds one federation, data.records and federation.samples make ${federations.length}; give fewer records`,
    );
  }
  const clients = shares!.map((own, id) => ({ id, data: normalise(readBatch(dataset, own), normalization) }));
  const rounds: Round[] = [];
  const played = { ...protocolOf(federation), start: { model, weights }, clients, rounds: federation.rounds, seed };
  await runFederation(played, trainer, {
    signal,
    onRound: async (record) => {
      rounds.push(await captureRound(record, shares!, { clients }, federation, save));
      const losses = [...record.clients.values()].map(({ loss }) => loss);
      onRound(record.round, losses.reduce((sum, loss) => sum + loss, 0) / losses.length);
    },
  });
  return rounds;
}

async function captureRound(
  record: RoundRecord,
  shares: Game["shares"],
  played: Pick<Played, "clients">,
  { algorithm, batchSize, localEpochs }: Config["federation"],
  save: CaptureTools["save"],
): Promise<Round> {
  const { round, clients } = record;
  const [first] = clients.values();
  const global = await saveGlobal(round, first!.payload.weights, save);
  const updates: Round["updates"] = [];
  for (const [client, { message, samples, arrived }] of clients) {
    if (!arrived) continue;
    const steps = algorithm === "FedSGD" ? 1 : localEpochs * Math.ceil(samples / batchSize);
    const file = await saveUpdate(round, client, message.update, save);
    updates.push({ client, file, records: recordsBehind(record, client, played, shares), samples, steps });
  }
  return { round, global, updates };
}

async function saveGlobal(round: number, weights: Weights, save: CaptureTools["save"]): Promise<string> {
  const name = `round-${round}-global.safetensors`;
  await save(name, writeSafetensors(weights));
  return name;
}

async function saveUpdate(
  round: number,
  client: ClientId,
  update: Update,
  save: CaptureTools["save"],
): Promise<string> {
  const name = `round-${round}-client-${client}.safetensors`;
  await save(name, writeSafetensors(update));
  return name;
}
