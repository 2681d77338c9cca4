// What an audit takes from outside: where finished jobs are kept, and who computes them. Both are handed in, so that an audit runs in a
// test, on one machine or on many.
import type { CaseResult, CaseSpec } from "./case.js";
import type { TrainingResult, TrainingSpec } from "./training.js";

export interface JobProgress {
  readonly iteration: number;
  readonly total: number;
  readonly loss: number;
  /** PNG data URI of the best reconstruction so far; sent now and then. */
  readonly image?: string;
}

export interface RunOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: JobProgress) => void;
}

/** Computes cases and trainings, several at a time. */
export interface Pool {
  /** How many of them run side by side. */
  readonly size: number;
  /** Rejects with the signal's reason within a second of an abort. */
  run(spec: CaseSpec, options: RunOptions): Promise<CaseResult>;
  /** As `run`. */
  train(spec: TrainingSpec, options: RunOptions): Promise<TrainingResult>;
  close(): Promise<void>;
}

/** Keeps finished cases and trainings under the key of their specification. What failed or was aborted is never stored. */
export interface Store {
  read(key: string): Promise<CaseResult | null>;
  /** Atomic: after a crash a case is there whole or not at all. */
  write(key: string, spec: CaseSpec, result: CaseResult): Promise<void>;
  readTraining(key: string): Promise<TrainingResult | null>;
  writeTraining(key: string, spec: TrainingSpec, result: TrainingResult): Promise<void>;
  /** Appends one line to the run's event log. */
  log(event: Readonly<Record<string, unknown>>): Promise<void>;
}

/** What an audit reports while it runs. */
export type AuditEvent =
  | {
      readonly type: "planned";
      readonly jobs: readonly PlannedJob[];
      readonly cells: number;
      readonly notApplicable: number;
    }
  | { readonly type: "started"; readonly key: string }
  | { readonly type: "progress"; readonly key: string; readonly progress: JobProgress }
  | {
      readonly type: "finished";
      readonly key: string;
      readonly seconds: number;
      readonly cached: boolean;
      readonly outcome: string;
    };

/** One case or training to compute; several cells may share it. */
export interface PlannedJob {
  readonly key: string;
  readonly kind: "control" | "own-control" | "cell" | "training";
  /** Empty for a training. */
  readonly attack: string;
  readonly defense: string;
  /** Letters of the cells that this case serves; empty for controls. */
  readonly threats: readonly string[];
}
