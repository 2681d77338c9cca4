// The points of a federated round at which a defense may act (spec/defenses.md 0.1): S0 to S5 at the server, C0 to C11 at the client.
import type { Batch } from "../data/dataset.js";
import type { Node } from "../engine/index.js";
import type { Random } from "../math/random.js";
import type { Tensor } from "../math/tensor.js";
import type { Model, Weights } from "../models/define.js";

export type ClientId = number;

/** Tensors by parameter name: a gradient (FedSGD) or the pseudo-gradient w_global - w_local (FedAvg). */
export type Update = ReadonlyMap<string, Tensor>;

/** What the server sends to one client. */
export interface Payload {
  readonly model: Model;
  readonly weights: Weights;
}

/** A batch whose samples may be weighted; `sampleWeights` defaults to ones. */
export interface ClientBatch extends Batch {
  readonly sampleWeights?: readonly number[];
}

/** What a client puts on the wire. `bytes` counts the encoding that the defense chose, float32 when it chose none. */
export interface WireMessage {
  readonly client: ClientId;
  readonly update: Update;
  readonly bytes: number;
}

export interface ServerContext {
  readonly round: number;
  readonly random: Random;
}

export interface ClientContext {
  readonly client: ClientId;
  readonly round: number;
  /** This defense's own stream on this client in this round. */
  readonly random: Random;
  readonly payload: Payload;
  readonly sampleCount: number;
}

export interface Verdict {
  readonly action: "accept" | "quarantine" | "reject";
  readonly report: string;
}

/** Values that exist only inside the backward pass; each is present when a defense declared the need for it. */
export interface BackwardContext extends ClientContext {
  /** Gradient of every sample's own loss, in batch order. */
  readonly perSample?: readonly Update[];
}

/** A message between clients that the server relays. */
export interface PeerMessage {
  readonly from: ClientId;
  readonly to: ClientId;
  readonly body: Uint8Array;
}

/** All hooks; a defense implements the ones that it needs. Every hook returns its result and leaves its arguments as they are. */
export interface Hooks {
  /** S0 */
  selectCohort(pool: readonly ClientId[], context: ServerContext): readonly ClientId[];
  /** S1 */
  distribute(payload: Payload, client: ClientId, context: ServerContext): Payload;
  /** C0 */
  vetPayload(payload: Payload, history: readonly Payload[], context: ClientContext): Verdict;
  /** C1 */
  prepareDataset(data: Batch, context: ClientContext): Batch;
  /** C2: positions in the client's data. */
  drawBatch(data: Batch, batchSize: number, context: ClientContext): readonly number[];
  /** C3; may grow the batch. */
  transformBatch(batch: ClientBatch, context: ClientContext): ClientBatch;
  /** C4 */
  wrapModel(model: Model, context: ClientContext): Model;
  /** C5: scalars added to the loss. */
  lossTerms(logits: Node, features: Node): readonly Node[];
  /** C6 */
  insideBackward(gradient: Update, context: BackwardContext): Update;
  /** C7 */
  afterGradient(gradient: Update, context: ClientContext): Update;
  /** C8 */
  localStep(weights: Weights, gradient: Update, learningRate: number, context: ClientContext): Weights;
  /** C9 */
  afterLocalTraining(update: Update, context: ClientContext): Update;
  /** C10 */
  beforeUpload(message: WireMessage, context: ClientContext): WireMessage;
  /** C11: called until no client has a message to send. */
  peerExchange(inbox: readonly PeerMessage[], context: ClientContext): readonly PeerMessage[];
  /** S2 */
  collect(messages: readonly WireMessage[], context: ServerContext): readonly WireMessage[];
  /** S3 */
  aggregate(messages: readonly WireMessage[], shares: readonly number[], context: ServerContext): Update;
  /** S4 */
  afterAggregate(aggregate: Update, context: ServerContext): Update;
  /** S5 */
  applyServerStep(weights: Weights, aggregate: Update, learningRate: number, context: ServerContext): Weights;
}

/** Canonical order in which composed defenses act (spec/defenses.md 0.1 rule 2). */
export const stages = [
  "detection",
  "data",
  "model",
  "per-sample-clip",
  "perturbation",
  "differential-privacy",
  "sparsification",
  "encoding",
  "masking",
  "server",
] as const;
export type Stage = (typeof stages)[number];

/** What a defense needs from the federation beyond its hooks. The round refuses what it cannot supply. */
export type Need = "perSampleGrad" | "inputJacobian" | "secondOrder" | "privateParams" | "peerChannel" | "rootSet";

/** A defense with its options applied, ready for a round. */
export interface AttachedDefense {
  readonly id: string;
  readonly stage: Stage;
  readonly needs: readonly Need[];
  readonly hooks: Partial<Hooks>;
}
