// What an adversary sees. An observation is keyed by capability: by its type and at run time it holds the granted ones and nothing else.
import type { Batch } from "../data/dataset.js";
import type { Normalization } from "../data/normalization.js";
import type { Statistics } from "../federated/batch-statistics.js";
import type { ClientId, Payload, Update } from "../federated/hooks.js";
import type { Weights } from "../models/define.js";
import type { Capability } from "./capabilities.js";

export type { Normalization };

/**
 * One query as seen from outside: what was sent and what came back. A server that queries a client again within a round makes several of
 * one `round`.
 */
export interface ObservedRound {
  readonly round: number;
  readonly payload: Payload;
  readonly view: View;
}

/** A query as the server that made it remembers it. */
export interface Answer extends ObservedRound {
  /** Whose upload it is; null for an aggregate. */
  readonly client: ClientId | null;
}

/**
 * What came back: one client's upload; the aggregate, where uploads are hidden; or the step that the server released, w - w', all that
 * somebody outside sees of a federation.
 */
export interface View {
  readonly kind: "upload" | "aggregate" | "released";
  readonly update: Update;
  /** BatchNorm's running statistics after local training, where clients upload them. */
  readonly buffers?: Weights;
}

export interface BasicKnowledge {
  /** Images in the batch. */
  readonly batchSize: number;
  readonly normalization: Normalization | null;
  readonly pixelRange: readonly [number, number];
  readonly loss: { readonly kind: "cross-entropy"; readonly reduction: "mean" };
}

interface Details {
  /** Of the local steps (FedAvg), or of the server's one (FedSGD). */
  readonly learningRate: number;
  readonly localEpochs: number;
  readonly batchSize: number;
  /** The client's samples behind the update. */
  readonly sampleCount: number;
  readonly mode: "eval" | "train";
}

export interface FedSgdDetails extends Details {
  readonly algorithm: "FedSGD";
}

export interface FedAvgDetails extends Details {
  readonly algorithm: "FedAvg";
  readonly momentum: number;
  readonly weightDecay: number;
  /** Local steps behind the update: epochs times mini-batches, the smaller last one too. */
  readonly steps: number;
}

export type TrainingDetails = FedSgdDetails | FedAvgDetails;

/** What each capability hands over. */
export interface Grants {
  updates: { readonly rounds: readonly ObservedRound[] };
  basicKnowledge: BasicKnowledge;
  trainingDetails: TrainingDetails;
  surrogateData: Batch;
  /** What BatchNorm layers saw of the client's data, for each of `updates.rounds`; empty for models without BatchNorm. */
  clientDistribution: { readonly rounds: readonly Statistics[] };
  /** A power, not a value: what the server sent stands in `updates`, its own part comes to the attack as `secret`. */
  activeManipulation: { readonly clientsAddressed: number };
  clientSelection: {
    readonly rounds: readonly {
      readonly round: number;
      readonly cohort: readonly ClientId[];
      /** The server's own among them. */
      readonly sybils: readonly ClientId[];
    }[];
  };
}

/** A defense that an adaptive attacker knows to be on. */
export interface KnownDefense {
  readonly id: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * The observation of an attack that needs `Needs` and makes use of `Uses` where the threat model grants them. `labels` is there only in
 * cases that assume known labels, `knownDefense` only in adaptive cells.
 */
export type Observation<Needs extends Capability, Uses extends Capability = never> = {
  readonly [C in Needs]: Grants[C];
} & { readonly [C in Exclude<Uses, Needs>]?: Grants[C] } & {
  readonly labels?: readonly number[];
  readonly knownDefense?: KnownDefense;
};
