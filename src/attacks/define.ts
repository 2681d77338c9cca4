// What an attack is: one file, one value, up to three parts (DESIGN.md section 4). Index, CLI help, schema and docs derive from it.
import type { z } from "zod";
import type { Batch, ImageShape } from "../data/dataset.js";
import type { Backend } from "../engine/backends/backend.js";
import type { ClientId, Payload } from "../federated/hooks.js";
import type { Random } from "../math/random.js";
import type { Tensor } from "../math/tensor.js";
import type { Capability } from "../threat/capabilities.js";
import type { Grants, Observation, ObservedRound } from "../threat/observation.js";

export interface Paper {
  readonly authors: string;
  readonly title: string;
  readonly year: number;
  readonly venue: string;
  /** Reference number on the slides of the systematisation; null for a method that is not among its rows. */
  readonly seedRef: number | null;
  readonly url: string;
}

/** The reference as it follows a citation: ` [109]`, or nothing for a method outside the systematisation. */
export const reference = ({ seedRef }: Paper): string => (seedRef === null ? "" : ` [${seedRef}]`);

/** Where a bar or a method comes from (spec evidence marks). */
export type Evidence = "published" | "read in code" | "measured" | "derived" | "estimated" | "reconstructed";

export interface Progress {
  readonly iteration: number;
  readonly total: number;
  readonly loss: number;
  /** Best reconstruction so far, [K, C, H, W] in pixels; sent now and then, not at every step. */
  readonly image?: Tensor;
}

/** What a run may use besides its observation. */
export interface AttackContext {
  readonly backend: Backend;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** True when the cell's time is over: finish with the best so far and say `exhausted`. */
  readonly outOfTime: () => boolean;
  readonly progress: (report: Progress) => void;
}

export interface Reconstruction {
  /** [K', C, H, W] in pixels (0 to 1 where the attack is right; not clamped). K' may differ from the batch size. */
  readonly inputs: Tensor;
  /** The attack's own confidence per image, higher is surer; comparable within one reconstruction only. */
  readonly confidence: readonly number[];
  readonly labels?: { readonly values: readonly number[]; readonly method: string };
  /** Objective over the run of the chosen start. */
  readonly curve: readonly { readonly iteration: number; readonly loss: number }[];
  readonly iterations: number;
  /** True when the run ended by the budget and not by its own rule. */
  readonly exhausted: boolean;
  /** What the adversary noticed, e.g. a gradient that carries nothing; shown in the report. */
  readonly notes: readonly string[];
}

export interface ModelShape {
  readonly inputShape: ImageShape;
  readonly classes: number;
}

export interface PrepareInput {
  readonly payload: Payload;
  readonly surrogate: Batch;
}

/** The malicious server: what it sends, and the secret that never reaches a client. */
export interface ArmedServer<Secret> {
  readonly secret: Secret;
  payload(round: number, client: ClientId, history: readonly ObservedRound[]): Payload;
  cohort?(round: number, pool: readonly ClientId[], history: readonly ObservedRound[]): readonly ClientId[];
  sybils?(round: number, history: readonly ObservedRound[]): readonly Batch[];
  done?(history: readonly ObservedRound[]): boolean;
}

/** A case that the attack must win, or its other cells are unknown. */
export interface Control<Options> {
  readonly model: string;
  readonly batchSize: number;
  /** Decides the weights: some draws of a net are far harder to invert than others. */
  readonly seed: number;
  readonly options: Partial<Options>;
  /** PSNR in dB that the best image must reach. */
  readonly bar: number;
}

/** CPU-scale evidence: what `reproduce` will run, with the bar and its mark. */
export interface Proof<Options> {
  readonly name: string;
  readonly evidence: Evidence;
  readonly model: string;
  readonly batchSize: number;
  readonly labels: "recovered" | "known";
  readonly options: Partial<Options>;
  readonly bar: { readonly metric: "psnr"; readonly op: ">=" | "<="; readonly value: number; readonly share: number };
}

export interface AttackDefinition<
  Needs extends Capability,
  Uses extends Capability,
  Schema extends z.ZodObject,
  Prepared,
  Secret,
> {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly paper: Paper;
  readonly category: string;
  /** Capabilities without which the attack cannot run; its weakest threat model follows. */
  readonly needs: readonly Needs[];
  /** Capabilities that it makes use of where they are granted. */
  readonly uses?: readonly Uses[];
  /** What it takes for granted instead where they are not. Where this is also the truth, the capability changes nothing. */
  readonly assumes?: { readonly [C in Uses]?: Grants[C] };
  /** Defenses of which it has an adaptive variant: those cells are run a second time with the defense known. */
  readonly adaptsTo?: readonly string[];
  readonly works: {
    readonly algorithms: readonly "FedSGD"[];
    readonly modalities: readonly "image"[];
    readonly maxBatch: number;
  };
  readonly options: Schema;
  readonly control: Control<z.infer<Schema>>;
  readonly proofs: readonly Proof<z.infer<Schema>>[];
  prepare?(input: PrepareInput, options: z.infer<Schema>, context: AttackContext): Promise<Prepared>;
  arm?(
    input: { readonly payload: Payload; readonly prepared: Prepared },
    options: z.infer<Schema>,
    context: AttackContext,
  ): Promise<ArmedServer<Secret>>;
  run(
    input: { readonly observation: Observation<Needs, Uses>; readonly prepared: Prepared; readonly secret: Secret },
    options: z.infer<Schema>,
    context: AttackContext,
  ): Promise<Reconstruction>;
}

/** An attack with its type parameters forgotten: what the audit handles. `observe` has given it just what it declared. */
export type Attack = AttackDefinition<Capability, Capability, z.ZodObject, unknown, unknown>;

export function defineAttack<
  const Needs extends Capability,
  Schema extends z.ZodObject,
  const Uses extends Capability = never,
  Prepared = undefined,
  Secret = undefined,
>(attack: AttackDefinition<Needs, Uses, Schema, Prepared, Secret>): Attack {
  return attack as unknown as Attack;
}
