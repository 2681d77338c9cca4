// What an attack is: one file, one value, up to three parts (DESIGN.md section 4). Index, CLI help, schema and docs derive from it.
import type { z } from "zod";
import type { Batch, ImageShape } from "../data/dataset.js";
import type { Backend } from "../engine/backends/backend.js";
import type { ClientId, Payload, Sybil } from "../federated/hooks.js";
import type { Random } from "../math/random.js";
import type { Tensor } from "../math/tensor.js";
import type { Capability } from "../threat/capabilities.js";
import type { Answer, BasicKnowledge, Grants, Observation } from "../threat/observation.js";
import type { BroughtGenerator } from "./generators/manifest.js";

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

/** An objective over the run of one start. */
export type LossCurve = readonly { readonly iteration: number; readonly loss: number }[];

export interface Reconstruction {
  /** [K', C, H, W] in pixels (0 to 1 where the attack is right; not clamped). K' may differ from the batch size. */
  readonly inputs: Tensor;
  /** The attack's own confidence per image, higher is surer; comparable within one reconstruction only. */
  readonly confidence: readonly number[];
  readonly labels?: { readonly values: readonly number[]; readonly method: string };
  /** Objective over the run of the chosen start. */
  readonly curve: LossCurve;
  /** The same of the starts that were not chosen, in their order; absent where the attack has one start. */
  readonly otherCurves?: readonly LossCurve[];
  readonly iterations: number;
  /** True when the run ended by the budget and not by its own rule. */
  readonly exhausted: boolean;
  /** What the adversary noticed, e.g. a gradient that carries nothing; shown in the report. */
  readonly notes: readonly string[];
}

export type Algorithm = "FedSGD" | "FedAvg";

export interface ModelShape {
  readonly inputShape: ImageShape;
  readonly classes: number;
}

export interface PrepareInput {
  readonly payload: Payload;
  readonly surrogate: Batch;
  /** A generator that the adversary has, where the setting names one. */
  readonly generator?: BroughtGenerator;
}

export interface ArmInput<Prepared> {
  /** What an honest server would send. */
  readonly payload: Payload;
  readonly prepared: Prepared;
  /** How many clients the federation has, numbered from 0. */
  readonly clients: number;
  /** What it knows of their batches before the first round. */
  readonly basicKnowledge: BasicKnowledge;
}

/** The malicious server: what it sends, and the secret that never reaches a client. `history` is every answer so far, of all clients. */
export interface ArmedServer<Secret> {
  readonly secret: Secret;
  payload(round: number, client: ClientId, history: readonly Answer[]): Payload;
  cohort?(round: number, pool: readonly ClientId[], history: readonly Answer[]): readonly ClientId[];
  sybils?(round: number, history: readonly Answer[]): readonly Sybil[];
  /** Where it is there, `client` is queried again within the round until it says true. */
  done?(history: readonly Answer[], client: ClientId): boolean;
}

/** A federation as controls and proofs state it; what is left out has the defaults of a configuration (audit/config.ts). */
export interface Played {
  readonly model: string;
  /** Outputs of the model, where more than the data's classes are wanted. */
  readonly classes?: number;
  readonly batchSize: number;
  readonly federation?: {
    readonly algorithm?: Algorithm;
    readonly clients?: number;
    readonly samples?: number;
    readonly localEpochs?: number;
    readonly learningRate?: number;
    readonly momentum?: number;
    readonly rounds?: number;
    readonly batches?: "fresh" | "fixed";
    readonly mode?: "eval" | "train";
    readonly bnStats?: "shared" | "hidden";
  };
}

/** A case that the attack must win, or its other cells are unknown. */
export interface Control<Options> extends Played {
  /** Decides the weights: some draws of a net are far harder to invert than others. */
  readonly seed: number;
  readonly options: Partial<Options>;
  /** PSNR in dB that the best image must reach. */
  readonly bar: number;
}

/** One way of running the case of a proof: the attack as it is, with a part switched off, under a defense, or another attack beside it. */
export interface Arm<Options> {
  readonly options?: Partial<Options>;
  /** Another attack, with options of its own. */
  readonly attack?: { readonly id: string; readonly options?: Readonly<Record<string, unknown>> };
  readonly setting?: Partial<ProofSetting>;
  readonly defense?: { readonly id: string; readonly options?: Readonly<Record<string, unknown>> };
  /** True when the attacker knows the defense. */
  readonly adaptive?: boolean;
}

export interface ProofSetting extends Played {
  readonly labels: "recovered" | "known";
  /** Records of one seed; default: those of one federation. Seed number s attacks records s·records and following. */
  readonly records?: number;
  /** First record; default 0. */
  readonly from?: number;
  /** How many surrogate pictures there are, and how they are shifted; they come from the same data, or from `source` with its options. */
  readonly surrogate?: Readonly<Record<string, unknown>> & { readonly records?: number };
  /** Where nobody names data: a source that everybody has. Default: patches of the committed photos. */
  readonly data?: Readonly<Record<string, unknown>> & { readonly source: string };
}

/**
 * What `over` makes of the figures of an arm, all seeds and images together: a mean, a median, the best or worst, or what at least that
 * share of them reaches. With `minus`, how far that lies above the same of another arm.
 */
export interface Bar {
  readonly arm: string;
  readonly minus?: string;
  /** A metric of the catalogue, or `labels` for the share of labels that are right. */
  readonly metric: string;
  readonly over: "mean" | "median" | "best" | "worst" | { readonly share: number };
  readonly op: ">=" | "<=";
  readonly value: number;
  /** Where the number comes from. */
  readonly evidence: Evidence;
  /** A bar that is known not to be met, kept as strict as it is: what was measured, and why. */
  readonly fails?: { readonly measured: string; readonly why: string };
}

/** CPU-scale evidence that the method is what it is called: `leakscope reproduce` runs it and compares with the bars. */
export interface Proof<Options> {
  /** Kebab-case, unique within the attack. */
  readonly id: string;
  /** What holds when all bars do, one sentence. */
  readonly claim: string;
  /** Quick ones run by default, all of them together with `--all`. */
  readonly quick?: boolean;
  /** Weights, noise and records are drawn anew for each; 3 or more. */
  readonly seeds: number;
  /** First seed; default 1. */
  readonly seed?: number;
  readonly setting: ProofSetting;
  readonly arms: Readonly<Record<string, Arm<Options>>>;
  readonly bars: readonly Bar[];
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
  /** Where neither the method's text nor its code could be read: what was filled in, and from what. Shown wherever the method is. */
  readonly reconstructed?: string;
  /** Capabilities without which the attack cannot run; its weakest threat model follows. */
  readonly needs: readonly Needs[];
  /** Capabilities that it makes use of where they are granted. */
  readonly uses?: readonly Uses[];
  /** What it takes for granted instead where they are not. Where this is also the truth, the capability changes nothing. */
  readonly assumes?: { readonly [C in Uses]?: Grants[C] };
  /** Defenses of which it has an adaptive variant: those cells are run a second time with the defense known. */
  readonly adaptsTo?: readonly string[];
  readonly works: {
    readonly algorithms: readonly Algorithm[];
    readonly modalities: readonly "image"[];
    /** Images behind one update. */
    readonly maxBatch: number;
    /** What it works on: one round of a client (default), each by itself; or all that the adversary saw of the client, two rounds or more. */
    readonly rounds?: "one" | "several";
    /** BatchNorm modes of clients that it reckons with; default: eval. */
    readonly modes?: readonly ("eval" | "train")[];
  };
  readonly options: Schema;
  readonly control: Control<z.infer<Schema>>;
  readonly proofs: readonly Proof<z.infer<Schema>>[];
  prepare?(input: PrepareInput, options: z.infer<Schema>, context: AttackContext): Promise<Prepared>;
  arm?(input: ArmInput<Prepared>, options: z.infer<Schema>, context: AttackContext): Promise<ArmedServer<Secret>>;
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
