// The demo federation: ten clients who train LeNet on drawn portraits by FedAvg, 100 portraits held out.

import { readBatch } from "../src/data/dataset.js";
import { normalise } from "../src/data/normalization.js";
import { openDataset } from "../src/data/open.js";
import { type Partition, partitionRecords } from "../src/data/partition.js";
import { nodeCpu } from "../src/engine/backends/node-cpu.js";
import { type Federation, runFederation } from "../src/federated/federation.js";
import { plainProtocol } from "../src/federated/protocol.js";
import { createTrainer } from "../src/federated/training.js";
import { createRandom } from "../src/math/random.js";
import { initialise } from "../src/models/define.js";
import { models } from "../src/models/index.js";

const CLIENTS = 10;
const TRAINED = 412;
const HELD_OUT = 100;
// LeNet's sigmoids saturate on raw pixels and stay at chance; these are the portraits' own mean and deviation.
const NORMALIZATION = { mean: [0.65, 0.6, 0.57], deviation: [0.22, 0.22, 0.22] };

/** Trains for `rounds` rounds. Gives the held-out accuracy after each, and the seconds that the rounds took, on the clock and of the CPU. */
export async function trainOnPortraits(rounds: number, partition: Partition, fields: Partial<Federation> = {}) {
  const portraits = await openDataset({ source: "portraits" });
  const read = (records: readonly number[]) => normalise(readBatch(portraits, records), NORMALIZATION);
  const labels = Array.from({ length: TRAINED }, (_, record) => portraits.label(record));
  const clients = partitionRecords(labels, CLIENTS, partition, createRandom(1)).map((records, id) => ({
    id,
    data: read(records),
  }));
  const heldOut = read(Array.from({ length: HELD_OUT }, (_, i) => TRAINED + i));
  const model = models.lenet!(portraits.shape, portraits.classes.length);
  const trainer = createTrainer(nodeCpu({ threads: 1 }), "float32");
  const [started, before] = [performance.now(), process.cpuUsage()];
  const result = await runFederation(
    {
      ...plainProtocol,
      start: { model, weights: initialise(model, createRandom(1)) },
      clients,
      algorithm: { kind: "FedAvg", batchSize: 8, localEpochs: 5, learningRate: 0.02, momentum: 0.9, weightDecay: 0 },
      serverLearningRate: 1,
      rounds,
      seed: 1,
      ...fields,
    },
    trainer,
    { heldOut },
  );
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - started) / 1000;
  await trainer.dispose();
  return {
    seconds,
    cpuSeconds: (user + system) / 1e6,
    accuracies: result.rounds.map(({ accuracy }) => accuracy!.accuracy),
    losses: result.rounds.map(({ localLoss }) => localLoss!),
  };
}
