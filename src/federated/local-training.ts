// What a client computes in a round (hooks C1 to C9 of spec/defenses.md 0.1): one gradient for FedSGD, local epochs of SGD for FedAvg.
import { type Batch, readRows } from "../data/dataset.js";
import type { Random } from "../math/random.js";
import type { Model, Weights } from "../models/define.js";
import { buffersIn, meanStatistics, moveBuffers, type Statistics } from "./batch-statistics.js";
import { UnsupportedDefenseError } from "./compose.js";
import type {
  AttachedDefense,
  ClientBatch,
  ClientContext,
  ClientId,
  InputJacobian,
  Need,
  Payload,
  Update,
} from "./hooks.js";
import { drawNoise, type Noise, rowNoise } from "./noise.js";
import type { Own, Pipeline } from "./pipeline.js";
import type { FedAvg, Protocol } from "./protocol.js";
import type { Trainer } from "./training.js";
import { addScaled, descend, pseudoGradient, zeroUpdate } from "./update.js";

export interface LocalJob {
  readonly client: ClientId;
  readonly data: Batch;
  readonly payload: Payload;
  readonly protocol: Protocol;
  readonly pipeline: Pipeline;
  readonly trainer: Trainer;
  /** Draws batches and orders. */
  readonly random: Random;
  /** Defenses that this client runs. */
  readonly runs: (defense: AttachedDefense) => boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface LocalResult {
  /** What was really trained on: the batch (FedSGD), or the client's data as far as it was drawn (FedAvg). */
  readonly batch: ClientBatch;
  readonly update: Update;
  /** Mean over the samples of all steps; 0 when none was drawn. */
  readonly loss: number;
  /** n_k of the average. */
  readonly samples: number;
  /** Running statistics after training; null where nothing moved them. */
  readonly buffers: Weights | null;
  /** What BatchNorm layers saw, mean over the steps; empty in eval mode. */
  readonly statistics: Statistics;
}

interface Step {
  readonly drawn: readonly number[];
  readonly batch: ClientBatch;
  readonly gradient: Update;
  readonly loss: number;
  readonly statistics: Statistics;
}

export const clientContext =
  (client: ClientId, round: number, payload: Payload, data: Batch, { normalization }: Protocol) =>
  (own: Own): ClientContext => ({ client, round, payload, sampleCount: data.labels.length, normalization, ...own });

export async function trainLocally(job: LocalJob): Promise<LocalResult> {
  const { client, payload, pipeline, protocol, trainer, random, runs: only } = job;
  const { algorithm, batches, mode } = protocol;
  const context = clientContext(client, pipeline.round, payload, job.data, protocol);
  const data = pipeline.through("prepareDataset", client, job.data, (act, local, own) => act(local, context(own)), {
    only,
  });
  const defenses = pipeline.defenses.filter(only);
  const adding = defenses.filter(({ hooks }) => hooks.lossTerms);
  const options = { mode, lossTerms: adding.map(({ hooks }) => hooks.lossTerms!) };
  const needing = (need: Need) => defenses.filter(({ needs }) => needs.includes(need));
  const [bySample] = needing("perSampleGrad");
  const alone = bySample ?? needing("inputJacobian")[0];
  if (alone && mode === "train" && payload.model.buffers.length > 0) {
    throw new UnsupportedDefenseError(
      `defense ${alone.id} needs "${bySample ? "perSampleGrad" : "inputJacobian"}", but BatchNorm of model ${payload.model.id} in train mode mixes the samples; use mode eval`,
    );
  }
  const everything = data.labels.map((_, row) => row);
  let wrapped: Model | undefined;
  const result = algorithm.kind === "FedSGD" ? await oneGradient(algorithm.batchSize) : await localEpochs(algorithm);
  const update = pipeline.through(
    "afterLocalTraining",
    client,
    result.update,
    (act, formed, own) => act(formed, context(own)),
    {
      only,
    },
  );
  return { ...result, update };

  async function oneGradient(batchSize: number): Promise<LocalResult> {
    const all = everything.length <= batchSize || batches === "fixed" ? everything : random.shuffle(everything);
    const step = await takeStep(payload.weights, all.slice(0, batchSize), "upload");
    const moved =
      step.statistics.size > 0
        ? buffersIn(payload.model, moveBuffers(payload.model, payload.weights, step.statistics))
        : null;
    return { ...step, update: step.gradient, samples: step.batch.labels.length, buffers: moved };
  }

  async function localEpochs({
    batchSize,
    localEpochs,
    learningRate,
    momentum,
    weightDecay,
  }: FedAvg): Promise<LocalResult> {
    let weights = payload.weights;
    let velocity: Update | null = null;
    const steps: Pick<Step, "drawn" | "loss" | "statistics">[] = [];
    for (let epoch = 0; epoch < localEpochs; epoch++) {
      const order = batches === "fixed" ? everything : random.split("epoch", epoch).shuffle(everything);
      for (let from = 0; from < order.length; from += batchSize) {
        const step = await takeStep(weights, order.slice(from, from + batchSize), `step ${steps.length}`);
        const decayed = weightDecay === 0 ? step.gradient : addScaled(weightDecay, weights, step.gradient);
        velocity = velocity && momentum !== 0 ? addScaled(momentum, velocity, decayed) : decayed;
        const direction = velocity;
        const start = moveBuffers(payload.model, weights, step.statistics);
        const { stepped } = pipeline.through(
          "localStep",
          client,
          { stepped: descend(start, direction, learningRate) },
          (act, _, own) => ({ stepped: act(start, direction, learningRate, context(own)) }),
          { only },
        );
        weights = stepped;
        steps.push(step);
      }
    }
    const used = new Set(steps.flatMap(({ drawn }) => drawn));
    const seen = steps.reduce((sum, { drawn }) => sum + drawn.length, 0);
    const statistics = meanStatistics(steps.flatMap((step) => (step.statistics.size > 0 ? [step.statistics] : [])));
    return {
      batch: readRows(
        data,
        everything.filter((row) => used.has(row)),
      ),
      update: pseudoGradient(payload.model, payload.weights, weights),
      loss: steps.reduce((sum, { drawn, loss }) => sum + loss * drawn.length, 0) / Math.max(seen, 1),
      samples: data.labels.length,
      buffers: statistics.size > 0 ? buffersIn(payload.model, weights) : null,
      statistics,
    };
  }

  /** Hooks C2 to C7 around one gradient. */
  async function takeStep(weights: Weights, rows: readonly number[], scope: string): Promise<Step> {
    job.signal?.throwIfAborted();
    const drawn = pipeline.through(
      "drawBatch",
      client,
      rows,
      (act, _, own) => act(data, algorithm.batchSize, context(own)),
      { only },
    );
    const batch = pipeline.through(
      "transformBatch",
      client,
      readRows(data, drawn) as ClientBatch,
      (act, current, own) => act(current, context(own)),
      { only },
    );
    wrapped ??= pipeline.through("wrapModel", client, payload.model, (act, model, own) => act(model, context(own)), {
      only,
    });
    const worn = { model: wrapped, weights };
    const noise = drawNoise(wrapped, batch.labels.length, random.split("noise", scope));
    if (noise) for (const defense of needing("privateNoise")) pipeline.acted(defense);
    const { update, loss, statistics } = await gradientOf(worn, batch, noise);
    const perSample = bySample
      ? { perSample: await timed([bySample], () => perSampleGradients(worn, batch, noise)) }
      : {};
    const jacobians = await inputJacobians(worn, batch, noise);
    const backward = pipeline.through(
      "insideBackward",
      client,
      update,
      (act, current, own, id) =>
        act(current, {
          ...context(own),
          ...perSample,
          ...(jacobians.has(id) ? { inputJacobian: jacobians.get(id)! } : {}),
        }),
      { only, scope },
    );
    const gradient = pipeline.through(
      "afterGradient",
      client,
      backward,
      (act, current, own) => act(current, context(own)),
      { only, scope },
    );
    return { drawn, batch, gradient, loss, statistics };
  }

  async function timed<T>(by: readonly AttachedDefense[], work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    const result = await work();
    for (const defense of by) pipeline.spent(defense, performance.now() - started);
    return result;
  }

  /** By id of the defense that needs it. */
  async function inputJacobians(worn: Payload, batch: ClientBatch, noise: Noise | undefined) {
    const found = new Map<string, InputJacobian[]>();
    for (const defense of needing("inputJacobian")) {
      const options = { at: defense.jacobianAt, ...(noise ? { noise } : {}) };
      found.set(defense.id, await timed([defense], () => trainer.inputJacobian(worn, batch, options)));
    }
    return found;
  }

  async function gradientOf(worn: Payload, batch: ClientBatch, noise: Noise | undefined) {
    // Poisson sampling may draw nobody: the step is then made of noise alone.
    if (batch.labels.length === 0) return { update: zeroUpdate(worn.model), loss: 0, statistics: new Map() };
    const { added, ...gradient } = await trainer.gradient(worn, batch, noise ? { ...options, noise } : options);
    adding.forEach((defense, i) => {
      if (added[i]! > 0) pipeline.acted(defense);
    });
    return gradient;
  }

  async function perSampleGradients(worn: Payload, batch: ClientBatch, noise: Noise | undefined): Promise<Update[]> {
    const gradients: Update[] = [];
    for (let row = 0; row < batch.labels.length; row++) {
      const weight = batch.sampleWeights?.[row];
      const alone = { ...readRows(batch, [row]), ...(weight === undefined ? {} : { sampleWeights: [weight] }) };
      const own = noise ? { ...options, noise: rowNoise(noise, row, batch.labels.length) } : options;
      gradients.push((await trainer.gradient(worn, alone, own)).update);
    }
    return gradients;
  }
}
