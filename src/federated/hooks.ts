// The points of a federated round at which a defense may act (spec/defenses.md 0.1): S0 to S5 at the server, C0 to C11 at the client.
import type { Batch } from "../data/dataset.js";
import type { Normalization } from "../data/normalization.js";
import type { Node } from "../engine/index.js";
import type { Random } from "../math/random.js";
import type { FloatArray, Tensor } from "../math/tensor.js";
import type { Latent, Lookup, Model, Weights } from "../models/define.js";

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
  /** BatchNorm's running statistics after local training, where the federation shares them; in the clear. */
  readonly buffers?: Weights;
}

/** A client of the server's own: it trains on data without any defense, or sends an update that the server wrote. Both are masked like others. */
export type Sybil =
  | { readonly kind: "trains"; readonly data: Batch }
  | { readonly kind: "sends"; readonly update: Update; readonly samples: number };

/** What a defense keeps from round to round, for itself: per client at the clients, once at the server. Empty at first. */
export type Memory = Map<string, unknown>;

export interface ServerContext {
  readonly round: number;
  readonly random: Random;
  readonly memory: Memory;
  /** What clients sent to the server itself in hook C11, in order. */
  readonly inbox: readonly PeerMessage[];
}

export interface ClientContext {
  readonly client: ClientId;
  readonly round: number;
  /** This defense's own stream at this hook on this client in this round; local steps draw from it one after the other. */
  readonly random: Random;
  readonly payload: Payload;
  readonly sampleCount: number;
  /** What was done to the pixels of this client's data. */
  readonly normalization: Normalization | null;
  /** This defense's own on this client; the only thing that a hook may change in place. */
  readonly memory: Memory;
}

export interface Verdict {
  readonly action: "accept" | "quarantine" | "reject";
  readonly report: string;
}

/** Values that exist only inside the backward pass; each is present when a defense declared the need for it. */
export interface BackwardContext extends ClientContext {
  /** Gradient of every sample's own loss, in batch order. */
  readonly perSample?: readonly Update[];
  /** Of every sample, in batch order. */
  readonly inputJacobian?: readonly InputJacobian[];
}

/** What a layer reads of one sample, and how it moves with the input. */
export interface InputJacobian {
  /** r_1 … r_F, the layer's input. */
  readonly features: FloatArray;
  /** ‖∂r_j / ∂x‖ for every feature j. */
  readonly rowNorms: FloatArray;
}

/** A message from a client that the server relays, or that is meant for the server itself. */
export interface PeerMessage {
  readonly from: ClientId;
  readonly to: ClientId | "server";
  readonly body: Uint8Array;
}

/** What the server announces in an exchange between clients. */
export interface PeerContext extends ClientContext {
  /** Before anything is uploaded (keys, shares, fragments), or once the server has what arrived (unmasking). */
  readonly phase: "before-upload" | "after-collect";
  /** Who takes part in this phase; afterwards, those whose upload arrived. */
  readonly members: readonly ClientId[];
  /** What this client's update counts for in the average, before that is divided by the sum of all: its samples, or 1. */
  readonly weight: number;
}

/** One client's local loss while it is traced, for terms to be added to it. */
export interface LossContext {
  readonly model: Model;
  /** [N, C, H, W] */
  readonly x: Node;
  /** [N, classes] */
  readonly targets: Node;
  readonly logits: Node;
  readonly features: Node;
  /** What variational layers encode the batch as. */
  readonly latents: readonly Latent[];
  /** Local parameters and buffers. */
  readonly parameter: Lookup;
}

/** All hooks; a defense implements the ones that it needs. Every hook returns its result and leaves its arguments as they are. */
export interface Hooks {
  /**
   * Before the first round, the federation's members alike: the architecture that they train. A model that has the defense's part already is
   * returned as it is.
   */
  agreeModel(model: Model): Model;
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
  /** C5: scalars added to the loss. Traced once per model and batch size. */
  lossTerms(context: LossContext): readonly Node[];
  /** C6 */
  insideBackward(gradient: Update, context: BackwardContext): Update;
  /** C7 */
  afterGradient(gradient: Update, context: ClientContext): Update;
  /** C8: instead of w - learningRate * gradient; `gradient` has momentum and weight decay in it. */
  localStep(weights: Weights, gradient: Update, learningRate: number, context: ClientContext): Weights;
  /** C9 */
  afterLocalTraining(update: Update, context: ClientContext): Update;
  /** C10 */
  beforeUpload(message: WireMessage, context: ClientContext): WireMessage;
  /** C11: called on every member with an empty inbox, then on those that were sent something, until nothing is sent. */
  peerExchange(inbox: readonly PeerMessage[], context: PeerContext): readonly PeerMessage[];
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
export type Need =
  | "perSampleGrad"
  | "inputJacobian"
  | "privateNoise"
  | "secondOrder"
  | "privateParams"
  | "peerChannel"
  | "rootSet";

/** A defense with its options applied, ready for a round. */
export interface AttachedDefense {
  readonly id: string;
  readonly stage: Stage;
  readonly needs: readonly Need[];
  readonly hooks: Partial<Hooks>;
  /** Whether the server learns nothing from a single upload; by default what its stage says: true for masking. */
  readonly hidesUploads?: boolean;
  /** With the need `inputJacobian`: the layer by the name of its weight; default: the model's head. */
  readonly jacobianAt?: string;
  /** For sparsification: that all clients send the same coordinates, so that their sum can be masked. */
  readonly agreedCoordinates?: boolean;
}
