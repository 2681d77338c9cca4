// What a pool and its threads say to each other.
import type { MessagePort } from "node:worker_threads";
import type { CaseSpec } from "../audit/case.js";
import type { JobProgress } from "../audit/interfaces.js";
import type { TrainingSpec } from "../audit/training.js";
import type { Gate } from "./gate.js";

interface Line {
  readonly gate: Gate;
  readonly port: MessagePort;
}

/** A case or a training handed to a thread. The pool posts `abort` on the port; the thread posts its progress. */
export type Task = Line &
  (
    | { readonly kind: "case"; readonly spec: CaseSpec }
    | {
        readonly kind: "training";
        readonly spec: TrainingSpec;
      }
  );

export type ToThread = "abort";
export type FromThread = JobProgress;
