// What a defense costs in accuracy: a short federated training of the setting's model on its data, with the defense or without, and its
// accuracy on held-out records (spec/defenses.md 0.2). Cells of one setting and defense share it.

import { type Dataset, readBatch } from "../data/dataset.js";
import { normalise } from "../data/normalization.js";
import { attach } from "../defenses/define.js";
import type { Backend } from "../engine/backends/backend.js";
import { runFederation } from "../federated/federation.js";
import type { RoundRecord } from "../federated/round.js";
import { createTrainer } from "../federated/training.js";
import { createRandom } from "../math/random.js";
import type { Chosen } from "./case.js";
import { loadCatalogue } from "./catalogue.js";
import type { Config } from "./config.js";
import { openFitting } from "./fit-data.js";
import { weightsOf } from "./open-model.js";
import { dealRecords, protocolOf } from "./protocol.js";
import { measureNormalization } from "./setting.js";

/** Everything that decides a training, as JSON. */
export interface TrainingSpec {
  readonly model: Config["model"];
  /** Source and its options. */
  readonly data: Readonly<Record<string, unknown>> & { readonly source: string };
  readonly normalization: Config["data"]["normalization"];
  readonly federation: Config["federation"];
  readonly heldOut: number;
  readonly seeds: readonly number[];
  readonly budgetSeconds: number;
  readonly defense: Chosen | null;
  readonly backend: string;
  readonly content: string;
}

/** One seed, round by round. */
export interface Trained {
  /** Held-out, after every round that fitted into the time. */
  readonly accuracies: readonly number[];
  readonly chance: number;
}

export interface TrainingResult {
  readonly seeds: readonly Trained[];
  readonly samples: number;
  readonly batchSize: number;
  readonly heldOut: number;
  /** Mean per client and round, messages to peers included. */
  readonly bytes: number;
  /** On the clock, of the rounds after the first; null where there is only one. */
  readonly secondsPerRound: number | null;
  readonly seconds: number;
}

export interface TrainingTools {
  readonly backend: Backend;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: {
    readonly iteration: number;
    readonly total: number;
    readonly loss: number;
  }) => void;
}

/** Of all records, at least this share is held out. */
const LEAST_HELD_OUT = 0.2;

/** The training of a configuration's setting: its model, data and rules, with the numbers of `utility`. */
export function trainingSpec(
  { model, data, federation, seed }: Config,
  utility: Exclude<Config["utility"], false>,
  defense: Chosen | null,
  { backend, content }: Pick<TrainingSpec, "backend" | "content">,
): TrainingSpec {
  const { records: _, normalization, ...source } = data;
  const { heldOut, seeds, seconds, ...numbers } = utility;
  const { perRound: __, ...rules } = federation;
  return {
    model,
    data: source,
    // Brought weights expect pixels as their owner prepares them; fresh ones of many nets learn nothing from raw pixels.
    normalization: model.file === undefined && model.weights === undefined ? "dataset" : normalization,
    federation: { ...rules, ...numbers, batches: "fresh", dropout: 0 },
    heldOut,
    seeds: Array.from({ length: seeds }, (_, i) => seed + i),
    budgetSeconds: seconds,
    defense,
    backend,
    content,
  };
}

/** Trains one federation per seed. Throws RangeError for data too small to train and hold out, and what federations throw. */
export async function trainFederations(
  spec: TrainingSpec,
  { backend, signal, onProgress }: TrainingTools,
): Promise<TrainingResult> {
  const started = performance.now();
  const { defenses } = await loadCatalogue();
  const defense = spec.defense && defenses.get(spec.defense.id);
  if (spec.defense && !defense) throw new RangeError(`unknown defense "${spec.defense.id}"`);
  const attached = defense ? [attach(defense, spec.defense!.options)] : [];
  const { opened, dataset } = await openFitting(spec.model, spec.data);
  const split = splitSizes(spec, dataset);
  const normalization = spec.normalization === "dataset" ? measureNormalization(dataset) : null;
  const read = (records: readonly number[]) => normalise(readBatch(dataset, records), normalization);
  const trainer = createTrainer(backend, "float32");
  const total = spec.seeds.length * spec.federation.rounds;
  const bytes: number[] = [];
  const paces: number[] = [];
  const seeds: Trained[] = [];
  try {
    for (const [index, seed] of spec.seeds.entries()) {
      const deadline = started + (1000 * spec.budgetSeconds * (index + 1)) / spec.seeds.length;
      const random = createRandom(seed).split("training");
      const order = random.split("records").shuffle(Array.from({ length: dataset.length }, (_, record) => record));
      const held = order.slice(0, split.heldOut);
      const trained = order.slice(split.heldOut, split.heldOut + split.trained);
      const dealt = dealRecords(spec.federation, trained, dataset, random.split("partition"));
      const accuracies: number[] = [];
      let before = performance.now();
      await runFederation(
        {
          ...protocolOf(split.federation, attached),
          // Also of one client, for whom a case keeps the batch.
          batches: "fresh",
          start: { model: opened.model, weights: weightsOf(opened, spec.model.weights, random.split("model")).weights },
          clients: dealt.map((records, id) => ({ id, data: read(records) })),
          rounds: spec.federation.rounds,
          seed,
        },
        trainer,
        {
          heldOut: read(held),
          signal,
          onRound: (record, accuracy) => {
            const now = performance.now();
            bytes.push(bytesPerClient(record));
            // The first round compiles the model, which says nothing of its pace.
            if (accuracies.length > 0) paces.push((now - before) / 1000);
            before = now;
            accuracies.push(accuracy!.accuracy);
            const done = index * spec.federation.rounds + accuracies.length;
            onProgress({ iteration: done, total, loss: accuracy!.loss });
            return now < deadline;
          },
        },
      );
      seeds.push({ accuracies, chance: mostFrequent(held.map((record) => dataset.label(record))) });
    }
  } finally {
    await trainer.dispose();
  }
  return {
    seeds,
    samples: Math.floor(split.trained / spec.federation.clients),
    batchSize: split.federation.batchSize,
    heldOut: split.heldOut,
    bytes: mean(bytes),
    secondsPerRound: paces.length > 0 ? mean(paces) : null,
    seconds: (performance.now() - started) / 1000,
  };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** How many records are held out and trained on, where there are fewer than asked for. */
function splitSizes({ federation, heldOut }: TrainingSpec, { length }: Dataset) {
  const { clients, samples = 1, batchSize } = federation;
  const held = Math.min(heldOut, Math.max(Math.ceil(LEAST_HELD_OUT * length), length - clients * samples));
  const own = Math.min(samples, Math.floor((length - held) / clients));
  if (own < 1) {
    throw new RangeError(
      `${length} records are too few to train ${clients} clients and hold some out; lower utility.clients`,
    );
  }
  return {
    heldOut: held,
    trained: own * clients,
    federation: { ...federation, samples: own, batchSize: Math.min(batchSize, own) },
  };
}

function bytesPerClient({ clients, receipts }: RoundRecord): number {
  const uploads = [...clients.values()].reduce((sum, { message }) => sum + message.bytes, 0);
  const peers = receipts.reduce((sum, { peerBytes }) => sum + peerBytes, 0);
  return (uploads + peers) / clients.size;
}

function mostFrequent(labels: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return Math.max(...counts.values()) / labels.length;
}
