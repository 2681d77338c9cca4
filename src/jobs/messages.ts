// What a pool and its threads say to each other.
import type { MessagePort } from "node:worker_threads";
import type { CaseSpec } from "../audit/case.js";
import type { JobProgress } from "../audit/interfaces.js";
import type { Gate } from "./gate.js";

/** A case handed to a thread. The pool posts `abort` on the port; the thread posts its progress. */
export interface Task {
  readonly spec: CaseSpec;
  readonly gate: Gate;
  readonly port: MessagePort;
}

export type ToThread = "abort";
export type FromThread = JobProgress;
