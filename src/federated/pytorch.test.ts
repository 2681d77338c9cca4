// FedAvg against torch.optim.SGD, torch.nn.BatchNorm2d and averaged state dictionaries (test/fixtures/federation.py): momentum, weight decay,
// a smaller last batch, running statistics, weighting by sample counts and a server learning rate.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { draw, load, relativeError, type Stored } from "../../test/engine-fixture.js";
import { backend } from "../../test/small-round.js";
import { cast, type DType, sizeOf, type Tensor, tensor } from "../math/tensor.js";
import { chain, reluLayer } from "../models/layers.js";
import { convolution } from "../models/layers-image.js";
import { batchNormalisation } from "../models/layers-normalisation.js";
import { runFederation } from "./federation.js";
import { plainProtocol } from "./protocol.js";
import type { RoundRecord } from "./round.js";
import { createTrainer } from "./training.js";

interface Known {
  readonly seed: number;
  readonly samples: readonly number[];
  readonly labels: readonly (readonly number[])[];
  readonly batchSize: number;
  readonly localEpochs: number;
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly weighting: "samples" | "equal";
  readonly serverLearningRate: number;
  readonly tensors: readonly (readonly [name: string, centre: number, width: number])[];
  readonly losses: readonly number[];
  readonly after: readonly Readonly<Record<string, Stored>>[];
}

const named = (_: string, value: unknown) =>
  value !== null && typeof value === "object" && Object.hasOwn(value, "at")
    ? { ...value, script: "federation" }
    : value;
const file = new URL("../../test/fixtures/federation.json", import.meta.url);
const { inputShape, classes, federations } = JSON.parse(readFileSync(file, "utf8"), named) as {
  readonly inputShape: readonly [number, number, number];
  readonly classes: number;
  readonly federations: readonly Known[];
};

const model = chain(
  "small-bn",
  inputShape,
  classes,
  [
    convolution("conv1", { filters: 4, kernel: 3, padding: 1, bias: false }),
    batchNormalisation("bn1"),
    reluLayer,
    convolution("conv2", { filters: 6, kernel: 3, padding: 1, stride: 2 }),
    batchNormalisation("bn2"),
    reluLayer,
  ],
  { name: "fc" },
);
const shapes = new Map([...model.parameters, ...model.buffers].map(({ name, shape }) => [name, shape]));

async function play(known: Known, dtype: DType) {
  const { seed, samples, labels, batchSize, localEpochs, learningRate, momentum, weightDecay } = known;
  const weights = new Map<string, Tensor>(
    known.tensors.map(([name, centre, width], i) => {
      const shape = shapes.get(name)!;
      const values = draw(seed + 10 + i, sizeOf(shape), width).map((value) => Math.fround(centre + value));
      return [name, tensor(shape, cast(values, dtype))];
    }),
  );
  const trainer = createTrainer(backend, dtype);
  const records: RoundRecord[] = [];
  const result = await runFederation(
    {
      ...plainProtocol,
      start: { model, weights },
      clients: samples.map((count, k) => ({
        id: k,
        data: {
          inputs: tensor([count, ...inputShape], draw(seed + 100 + k, count * sizeOf(inputShape))),
          labels: labels[k]!,
        },
      })),
      algorithm: { kind: "FedAvg", batchSize, localEpochs, learningRate, momentum, weightDecay },
      mode: "train",
      statistics: "shared",
      batches: "fixed",
      weighting: known.weighting,
      serverLearningRate: known.serverLearningRate,
      rounds: known.after.length,
      seed: 1,
    },
    trainer,
    { onRound: (record) => void records.push(record) },
  );
  await trainer.dispose();
  return { records, result };
}

describe.each(
  federations.map((known) => [`weighted by ${known.weighting}, momentum ${known.momentum}`, known] as const),
)("FedAvg of two clients, %s", (_, known) => {
  it.each([
    ["float32", 1e-6],
    ["float64", 1e-12],
  ] as const)("ends in PyTorch's weights and buffers after every round, in %s", async (dtype, tolerance) => {
    const { records, result } = await play(known, dtype);
    known.after.forEach((after, round) => {
      const { released } = records[round]!;
      expect(new Set(released.keys())).toEqual(new Set(Object.keys(after)));
      for (const [name, stored] of Object.entries(after)) {
        expect(relativeError(released.get(name)!.data, load(stored)), `${name} after round ${round}`).toBeLessThan(
          tolerance,
        );
      }
    });
    expect(result.weights).toBe(records.at(-1)!.released);
  });

  it("reports PyTorch's losses", async () => {
    const { records } = await play(known, "float64");
    const steps = known.samples.map((count) => known.localEpochs * Math.ceil(count / known.batchSize));
    let next = 0;
    for (const { clients } of records) {
      known.samples.forEach((count, k) => {
        const losses = known.losses.slice(next, next + steps[k]!);
        next += steps[k]!;
        const weighted = losses.map((loss, i) => {
          const inEpoch = i % Math.ceil(count / known.batchSize);
          return loss * Math.min(known.batchSize, count - inEpoch * known.batchSize);
        });
        const mean = weighted.reduce((sum, loss) => sum + loss, 0) / (known.localEpochs * count);
        expect(clients.get(k)!.loss).toBeCloseTo(mean, 10);
      });
    }
    expect(next).toBe(known.losses.length);
  });
});
