// What an adversary sees. An observation is keyed by capability: by its type and at run time it holds the granted ones and nothing else.
import type { Batch } from "../data/dataset.js";
import type { Payload, Update } from "../federated/hooks.js";
import type { Capability } from "./capabilities.js";

/** Per-channel normalisation that clients apply to pixels in [0, 1] before the model. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** One round as seen from outside: what was broadcast and what came back. */
export interface ObservedRound {
  readonly round: number;
  readonly payload: Payload;
  readonly view: { readonly kind: "upload" | "aggregate"; readonly update: Update };
}

export interface BasicKnowledge {
  /** Images in the batch. */
  readonly batchSize: number;
  readonly normalization: Normalization | null;
  readonly pixelRange: readonly [number, number];
  readonly loss: { readonly kind: "cross-entropy"; readonly reduction: "mean" };
}

export interface TrainingDetails {
  readonly algorithm: "FedSGD";
  readonly learningRate: number;
  readonly localEpochs: number;
  readonly batchSize: number;
  readonly sampleCount: number;
  readonly mode: "eval" | "train";
}

/** What each capability hands over. */
export interface Grants {
  updates: { readonly rounds: readonly ObservedRound[] };
  basicKnowledge: BasicKnowledge;
  trainingDetails: TrainingDetails;
  surrogateData: Batch;
  /** BatchNorm statistics by layer; empty for models without BatchNorm. */
  clientDistribution: ReadonlyMap<string, { readonly mean: Float64Array; readonly variance: Float64Array }>;
  /** A power, not a value: what the server sent stands in `updates`, its own part comes to the attack as `secret`. */
  activeManipulation: { readonly clientsAddressed: number };
  clientSelection: { readonly cohort: readonly number[] };
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
