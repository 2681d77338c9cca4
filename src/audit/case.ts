// One case: a setting, an adversary, an attack and perhaps a defense, as plain data that travels to a worker, and what came of it.

import type { LossCurve } from "../attacks/define.js";
import type { Guarantee } from "../defenses/define.js";
import type { ThreatLetter } from "../threat/capabilities.js";
import type { DetectionJson, FrameJson, ImageJson, ScoreJson, VulnerabilityJson } from "./audit-json.js";
import type { Config } from "./config.js";

export interface Chosen {
  readonly id: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Everything that decides a case's result, as JSON. Its hash, with the built code, is the case's key. */
export interface CaseSpec {
  readonly model: Config["model"];
  readonly data: Config["data"];
  readonly surrogate: Config["surrogate"];
  readonly federation: Config["federation"];
  /** Folder of captured updates; absent where the round is simulated. */
  readonly updates?: string;
  readonly labels: Config["labels"];
  readonly metrics: readonly string[];
  readonly originals: "show" | "blur" | "omit";
  readonly seed: number;
  readonly budgetSeconds: number;
  /** The weakest letter that hands the attack the same capabilities; letters that hand over the same share the case. */
  readonly threat: ThreatLetter;
  readonly attack: Chosen;
  readonly defense: Chosen | null;
  readonly adaptive: boolean;
  /** Whether measures of vulnerability are taken on its batches, besides. */
  readonly vulnerability?: boolean;
  readonly backend: string;
  /** Fingerprint of the files behind it (content.ts). */
  readonly content: string;
}

export interface CaseResult {
  readonly scores: Readonly<Record<string, ScoreJson>>;
  readonly floor: Readonly<Record<string, ScoreJson>>;
  readonly images: readonly ImageJson[];
  readonly labels: { readonly accuracy: number | null; readonly method: string } | null;
  readonly receipt: {
    readonly identity: boolean;
    readonly distortion: number | null;
    readonly cosine: number | null;
    readonly bytes: number;
    readonly bytesWithout: number;
    readonly seconds: number;
  } | null;
  readonly vulnerability?: VulnerabilityJson["batches"];
  /** What the defense's accountant proves. */
  readonly privacy?: Guarantee;
  /** Absent where the server followed the protocol. */
  readonly detection?: DetectionJson;
  readonly handed: readonly string[];
  readonly gallerySize: number;
  readonly galleryClasses: number;
  readonly curve: LossCurve;
  /** Of the first batch's starts that were not chosen, bounded (curves.ts). */
  readonly otherCurves?: readonly LossCurve[];
  /** A reconstruction of the first batch as it formed; absent where the attack shows none on its way. */
  readonly frames?: readonly FrameJson[];
  readonly notes: readonly string[];
  readonly iterations: number;
  readonly exhausted: boolean;
  readonly seconds: number;
}
