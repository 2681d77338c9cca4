// From a configuration's federation to its rules, and to who holds which records.
import type { Attack } from "../attacks/define.js";
import type { Dataset } from "../data/dataset.js";
import { partitionRecords } from "../data/partition.js";
import type { Exposure } from "../defenses/define.js";
import type { AttachedDefense } from "../federated/hooks.js";
import { type Algorithm, type Protocol, plainProtocol } from "../federated/protocol.js";
import type { Random } from "../math/random.js";
import type { Config } from "./config.js";

type FederationConfig = Config["federation"];

/** Shards that each client gets of a partition by shards, as in McMahan et al. 2017. */
const SHARDS = 2;

/** One client of FedSGD whose batch stays the same: every batch of records is then a federation of its own. */
export const isPlain = ({ clients, rounds, algorithm, batches }: FederationConfig): boolean =>
  clients === 1 && algorithm === "FedSGD" && (rounds === 1 || batches === "fixed");

/** Of `total` records: `samples` for each client where that is said; else one batch, or all of them. */
export function recordsPerFederation(federation: FederationConfig, total: number): number {
  const { clients, samples, batchSize } = federation;
  if (samples !== undefined) return samples * clients;
  return isPlain(federation) ? batchSize : total;
}

/** Images behind one update at most, of `total` records. */
export function imagesPerUpdate(federation: FederationConfig, total: number): number {
  const { algorithm, batchSize, clients } = federation;
  return algorithm === "FedSGD" ? batchSize : Math.ceil(recordsPerFederation(federation, total) / clients);
}

/** What an accountant counts in it, of `total` records and a model with so many tensors. */
export function exposureOf(federation: FederationConfig, total: number, tensors: number): Exposure {
  const { algorithm, batchSize, clients, rounds, localEpochs } = federation;
  const samples = Math.ceil(recordsPerFederation(federation, total) / clients);
  const steps = algorithm === "FedSGD" ? 1 : localEpochs * Math.ceil(samples / batchSize);
  return { rounds, clients, samples, batchSize: Math.min(batchSize, samples), steps, tensors };
}

/** The records of every client. Throws RangeError when there are fewer records than clients. */
export function dealRecords(
  federation: FederationConfig,
  records: readonly number[],
  { label }: Pick<Dataset, "label">,
  random: Random,
): number[][] {
  const { clients, partition, alpha } = federation;
  if (clients === 1) return [[...records]];
  const labels = records.map((record) => label(record));
  return partitionRecords(labels, clients, { kind: partition, alpha, perClient: SHARDS }, random).map((positions) =>
    positions.map((position) => records[position]!),
  );
}

export function protocolOf(federation: FederationConfig, defenses: readonly AttachedDefense[] = []): Protocol {
  const { batchSize, localEpochs, learningRate, momentum, weightDecay, mode, bnStats, dropout, perRound } = federation;
  const algorithm: Algorithm =
    federation.algorithm === "FedSGD"
      ? { kind: "FedSGD", batchSize }
      : { kind: "FedAvg", batchSize, localEpochs, learningRate, momentum, weightDecay };
  return {
    ...plainProtocol,
    algorithm,
    mode,
    statistics: bnStats,
    batches: isPlain(federation) ? "fixed" : federation.batches,
    dropout,
    ...(perRound === undefined ? {} : { cohort: { kind: "fixed", size: perRound } as const }),
    serverLearningRate: algorithm.kind === "FedSGD" ? learningRate : 1,
    defenses,
  };
}

/** The federation in which `attack` has it easiest: one client, one image, one round where that is enough. */
export function easiest({ works }: Attack, federation: FederationConfig): FederationConfig {
  const algorithm = works.algorithms.includes(federation.algorithm) ? federation.algorithm : works.algorithms[0]!;
  const { samples: _, perRound: __, ...rest } = federation;
  return {
    ...rest,
    algorithm,
    clients: 1,
    batchSize: 1,
    ...(algorithm === "FedAvg" ? { samples: 1 } : {}),
    rounds: works.rounds === "several" ? Math.max(2, federation.rounds) : 1,
    batches: "fixed",
    dropout: 0,
  };
}
