// Small federations: what one gradient, a FedAvg update and a sum of clients give away, and what cannot come back.
import { describe, expect, it } from "vitest";
import { attached } from "../../../../test/small-federation.js";
import {
  attackContext,
  backend,
  drawBatch,
  freshPayload,
  knowledge,
  observation,
  observed,
  playRound,
} from "../../../../test/small-round.js";
import type { Batch } from "../../../data/dataset.js";
import { plainProtocol } from "../../../federated/protocol.js";
import { type RoundRecord, runRound } from "../../../federated/round.js";
import { createTrainer } from "../../../federated/training.js";
import { createRandom } from "../../../math/random.js";
import { type FloatArray, tensor } from "../../../math/tensor.js";
import { chain, linear, reluLayer } from "../../../models/layers.js";
import { convolution } from "../../../models/layers-image.js";
import type { ObservedRound } from "../../../threat/observation.js";
import { viewRounds } from "../../../threat/view.js";
import attack from "./cocktail-party.js";

const SHAPE = [1, 12, 12] as const;
const SIZE = 144;
const random = createRandom(4);

/** Discs on a shaded ground, each somewhere else: smooth, and unlike each other. */
function discs(count: number): Batch {
  const data = new Float64Array(count * SIZE);
  for (let k = 0; k < count; k++) {
    const [cy, cx, radius] = [2 + 8 * random.uniform(), 2 + 8 * random.uniform(), 2 + 3 * random.uniform()];
    const [ground, slope] = [0.2 + 0.3 * random.uniform(), 0.04 * random.uniform()];
    for (let i = 0; i < SIZE; i++) {
      const [y, x] = [Math.floor(i / 12), i % 12];
      data[k * SIZE + i] = Math.hypot(y - cy, x - cx) < radius ? 0.9 - 0.3 * ground : ground + (slope * y) / 3;
    }
  }
  return { inputs: tensor([count, ...SHAPE], data), labels: Array.from({ length: count }, () => random.integer(5)) };
}

const net = (neurons: number) => chain("small", SHAPE, 5, [linear("fc1", neurons), reluLayer], { name: "fc2" });
const payload = freshPayload(net(64), random.split("net"));

const join = (batches: readonly Batch[]): Batch => ({
  inputs: tensor(
    [batches.reduce((sum, { labels }) => sum + labels.length, 0), ...SHAPE],
    Float64Array.from(batches.flatMap(({ inputs }) => [...inputs.data])),
  ),
  labels: batches.flatMap(({ labels }) => labels),
});

async function playHidden(batches: readonly Batch[]): Promise<RoundRecord> {
  const trainer = createTrainer(backend, "float32");
  try {
    return await runRound({
      round: 0,
      clients: batches.map((data, id) => ({ id, data })),
      protocol: {
        ...plainProtocol,
        algorithm: { kind: "FedSGD", batchSize: batches[0]!.labels.length },
        defenses: [attached("mask", { beforeUpload: (message) => ({ ...message }) }, "masking")],
      },
      global: payload,
      trainer,
      random: createRandom(1),
    });
  } finally {
    await trainer.dispose();
  }
}

const run = (round: ObservedRound, images: number, options: Readonly<Record<string, unknown>> = {}) =>
  attack.run(
    {
      observation: observation({ updates: { rounds: [round] }, basicKnowledge: knowledge(images) }),
      prepared: undefined,
      secret: undefined,
    },
    attack.options.parse({ iterations: 400, learningRate: 2e-2, ...options }),
    attackContext(1),
  );

function correlation(a: FloatArray, b: FloatArray): number {
  const mean = (of: FloatArray) => Float64Array.from(of).reduce((sum, value) => sum + value, 0) / of.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  a.forEach((value, i) => {
    ab += (value - ma) * (b[i]! - mb);
    aa += (value - ma) ** 2;
    bb += (b[i]! - mb) ** 2;
  });
  return ab / Math.sqrt(aa * bb);
}

/** Of each true image, the best correlation that any reconstruction reaches. */
const reached = (inputs: { readonly data: FloatArray }, truth: Batch): number[] =>
  truth.labels.map((_, k) => {
    const own = truth.inputs.data.subarray(k * SIZE, (k + 1) * SIZE);
    const rows = Array.from({ length: inputs.data.length / SIZE }, (_, i) =>
      inputs.data.subarray(i * SIZE, (i + 1) * SIZE),
    );
    return Math.max(...rows.map((row) => correlation(row, own)));
  });
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("cocktail-party", () => {
  it("takes one gradient apart into its images, sign and scale included", async () => {
    const batch = discs(4);
    const found = await run(observed(await playRound({ payload, batch })), 4);
    expect(found.inputs.shape).toEqual([4, ...SHAPE]);
    expect(mean(reached(found.inputs, batch))).toBeGreaterThan(0.9);
    expect(found.confidence.every(Number.isFinite)).toBe(true);
    expect(found.curve[found.curve.length - 1]!.loss).toBeLessThan(found.curve[0]!.loss);
  });

  it("gives the same of the sum of four clients, which is all that a server sees behind masks", async () => {
    const clients = Array.from({ length: 4 }, () => discs(2));
    const all = join(clients);
    const record = await playHidden(clients);
    const [seen] = viewRounds({ records: [record], client: 0 });
    expect(seen!.observed.view.kind).toBe("aggregate");
    const [hidden, alone] = [
      await run(seen!.observed, 8),
      await run(observed(await playRound({ payload, batch: all })), 8),
    ];
    expect(hidden.inputs.shape).toEqual([8, ...SHAPE]);
    const [ofSum, ofOne] = [hidden, alone].map(({ inputs }) => mean(reached(inputs, all)));
    expect(ofSum).toBeGreaterThan(0.75);
    expect(Math.abs(ofSum! - ofOne!)).toBeLessThan(0.05);
  });

  it("brings back no more images than there are neurons, and says so", async () => {
    const narrow = freshPayload(net(3), random.split("narrow"));
    const found = await run(observed(await playRound({ payload: narrow, batch: discs(8) })), 8);
    expect(found.inputs.shape[0]).toBeLessThanOrEqual(3);
    expect(found.notes.join()).toMatch(/more images than directions: \d of them cannot come back/);
  });

  it("stretches over the pixel range where there is no bias", async () => {
    const bare = freshPayload(
      chain("bare", SHAPE, 5, [linear("fc1", 64, { bias: false }), reluLayer], { name: "fc2" }),
      random.split("bare"),
    );
    const batch = discs(3);
    const found = await run(observed(await playRound({ payload: bare, batch })), 3);
    expect(found.notes.join()).toMatch(/3 of 3 sources were stretched/);
    expect(mean(reached(found.inputs, batch))).toBeGreaterThan(0.85);
    expect([Math.min(...found.inputs.data), Math.max(...found.inputs.data)]).toEqual([0, 1]);
  });

  it("looks for images with the embeddings that a later layer reads", async () => {
    const body = [convolution("c1", { filters: 8, kernel: 3, padding: 1, stride: 2 }), reluLayer];
    const model = chain("deep", SHAPE, 5, [...body, linear("fc1", 48), reluLayer], { name: "fc2" });
    const deep = freshPayload(model, random.split("deep"));
    const batch = discs(2);
    const found = await run(observed(await playRound({ payload: deep, batch })), 2, { inversionSteps: 150 });
    expect(found.notes.join()).toMatch(/layer fc1: .* images were sought/);
    expect(Math.max(...found.confidence)).toBeGreaterThan(0.98);
    expect(mean(reached(found.inputs, batch))).toBeGreaterThan(0.6);
  });

  it("of an update of zeros brings nothing back", async () => {
    const round = observed(await playRound({ payload, batch: discs(2) }));
    const update = new Map(
      [...round.view.update].map(([name, { shape, data }]) => [
        name,
        tensor(
          shape,
          data.map(() => 0),
        ),
      ]),
    );
    const found = await run({ ...round, view: { ...round.view, update } }, 2);
    expect([found.inputs.shape[0], found.confidence.length]).toEqual([0, 0]);
    expect(found.notes.join()).toMatch(/gradient is zero/);
  });

  it("names the layers that there are when asked for another", async () => {
    const round = observed(await playRound({ payload, batch: drawBatch(random, [...SHAPE], 5, 2) }));
    await expect(run(round, 2, { layer: "fc9" })).rejects.toThrow(/no fully connected layer "fc9": there are fc1, fc2/);
  });
});
