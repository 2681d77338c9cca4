// A client's way through one round: it vets what it was sent (C0), trains (C1 to C9), talks to its peers (C11) and uploads (C10).
import type { Batch } from "../data/dataset.js";
import type { Random } from "../math/random.js";
import type { Statistics } from "./batch-statistics.js";
import type { AttachedDefense, ClientBatch, ClientId, Payload, Sybil, Verdict, WireMessage } from "./hooks.js";
import { clientContext, type LocalResult, trainLocally } from "./local-training.js";
import type { FederationMemory } from "./memory.js";
import type { Pipeline } from "./pipeline.js";
import type { Protocol } from "./protocol.js";
import type { Trainer } from "./training.js";
import { plainBytes } from "./update.js";

export interface Client {
  readonly id: ClientId;
  readonly data: Batch;
}

/** A client that takes part: one of the federation's, or one that the server added. */
export interface Participant {
  readonly id: ClientId;
  readonly source: { readonly kind: "client"; readonly data: Batch } | Sybil;
}

/** One query and its answer. */
export interface Exchange {
  readonly payload: Payload;
  /** What was really trained on: truth, for scoring only. */
  readonly batch: ClientBatch;
  readonly message: WireMessage;
  readonly loss: number;
  /** Samples for which the update stands in a weighted average. */
  readonly samples: number;
  /** What BatchNorm layers saw of the client's data, mean over local steps; for adversaries who know its distribution. */
  readonly statistics: Statistics;
}

export interface ClientTools {
  readonly protocol: Protocol;
  readonly pipeline: Pipeline;
  readonly memory: FederationMemory;
  readonly trainer: Trainer;
  /** Of this round: clients draw their batches from children of it. */
  readonly random: Random;
  readonly measureStatistics: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Formed, but not yet on the wire. */
export interface Trained extends LocalResult {
  readonly payload: Payload;
}

/** A sybil deviates from the protocol as far as the server does not see to it that it does not: it masks, since all masks must cancel. */
const runBySybils = ({ stage, hooks }: AttachedDefense): boolean =>
  stage === "encoding" || stage === "masking" || Boolean(hooks.peerExchange);

export const isSybil = ({ source }: Participant): boolean => source.kind !== "client";
const runs = (participant: Participant) => (isSybil(participant) ? runBySybils : () => true);
const dataOf = ({ source }: Participant): Batch =>
  source.kind === "sends" ? { inputs: { shape: [0], data: new Float64Array(0) }, labels: [] } : source.data;

export const contextOf = (participant: Participant, { pipeline, protocol }: ClientTools, payload: Payload) =>
  clientContext(participant.id, pipeline.round, payload, dataOf(participant), protocol);

/** C0: the first verdict against the payload, null when every defense accepts it. */
export function vet(
  participant: Participant,
  payload: Payload,
  tools: ClientTools,
): (Verdict & { defense: string }) | null {
  const { pipeline, memory } = tools;
  const vetting = pipeline.defenses.filter((defense) => runs(participant)(defense) && defense.hooks.vetPayload);
  if (vetting.length === 0) return null;
  const history = memory.payloads(participant.id);
  for (const defense of vetting) {
    const context = contextOf(participant, tools, payload)(pipeline.own(defense, "vetPayload", participant.id));
    const verdict = defense.hooks.vetPayload!(payload, [...history], context);
    pipeline.acted(defense);
    if (verdict.action !== "accept") return { ...verdict, defense: defense.id };
  }
  history.push(payload);
  return null;
}

/** C1 to C9. `query` counts the server's queries to this client in this round. */
export async function train(
  participant: Participant,
  payload: Payload,
  query: number,
  tools: ClientTools,
): Promise<Trained> {
  const { id, source } = participant;
  if (source.kind === "sends") {
    const { update, samples } = source;
    return { payload, batch: dataOf(participant), update, loss: 0, samples, buffers: null, statistics: new Map() };
  }
  const { protocol, pipeline, trainer, signal } = tools;
  const random = tools.random.split("batches", pipeline.round, id, query);
  const job = {
    client: id,
    data: source.data,
    payload,
    protocol,
    pipeline,
    trainer,
    random,
    runs: runs(participant),
    signal,
  };
  const trained = await trainLocally(job);
  const measures = tools.measureStatistics && trained.statistics.size === 0 && payload.model.buffers.length > 0;
  const statistics = measures
    ? (await trainer.gradient(payload, trained.batch, { mode: "train" })).statistics
    : trained.statistics;
  return { ...trained, payload, statistics };
}

/** C10: what was formed as it goes on the wire, and what stays of it for the record. */
export function upload(participant: Participant, trained: Trained, tools: ClientTools): Exchange {
  const { pipeline, protocol } = tools;
  const { id } = participant;
  const { payload, batch, loss, samples, statistics, update } = trained;
  const shared = protocol.statistics === "shared" ? trained.buffers : null;
  const plain: WireMessage = {
    client: id,
    update,
    bytes: plainBytes(update) + (shared ? plainBytes(shared) : 0),
    ...(shared ? { buffers: shared } : {}),
  };
  const context = contextOf(participant, tools, payload);
  const message = pipeline.through("beforeUpload", id, plain, (act, sent, own) => act(sent, context(own)), {
    only: runs(participant),
  });
  return { payload, batch, message, loss, samples, statistics };
}
