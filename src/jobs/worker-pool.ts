// Cases side by side in worker threads (piscina), one per core. An abort asks the thread to stop at its next step; a thread that does
// not is ended as soon as that is safe (see gate.ts), and its case is given up at once, so that the caller never waits for it.
import { availableParallelism } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { MessageChannel } from "node:worker_threads";
import { Piscina } from "piscina";
import type { CaseResult, CaseSpec } from "../audit/case.js";
import type { Pool, RunOptions } from "../audit/interfaces.js";
import type { TrainingResult, TrainingSpec } from "../audit/training.js";
import { closeGate, createGate, inRuntime } from "./gate.js";
import type { FromThread, Task, ToThread } from "./messages.js";

/** How long an aborted thread may take for its own way out; with the rest of an abort it stays below a second. */
const PATIENCE_MS = 700;
const POLL_MS = 20;
const IDLE_MS = 3_600_000;

export interface WorkerPoolOptions {
  /** Threads; default one per available core. Throws RangeError below 1. */
  readonly size?: number;
  /** The thread's module; default: the one beside this file. */
  readonly worker?: URL;
}

export function createWorkerPool(options: WorkerPoolOptions = {}): Pool {
  const size = options.size ?? availableParallelism();
  if (!Number.isInteger(size) || size < 1)
    throw new RangeError(`expected at least 1 worker, got ${size}; leave it out for one per core`);
  const filename = (options.worker ?? new URL("./worker.js", import.meta.url)).href;
  // Piscina replaces an ended thread only up to the minimum, and cases that wait need one. Others start with their first case.
  const threads = new Piscina<Task, CaseResult | TrainingResult>({
    filename,
    minThreads: 1,
    maxThreads: size,
    idleTimeout: IDLE_MS,
  });
  const unfinished = new Set<Promise<void>>();

  type Work = { kind: "case"; spec: CaseSpec } | { kind: "training"; spec: TrainingSpec };
  async function run<Result>(work: Work, { signal, onProgress }: RunOptions): Promise<Result> {
    signal.throwIfAborted();
    const { port1, port2 } = new MessageChannel();
    port1.on("message", (progress: FromThread) => onProgress(progress));
    const gate = createGate();
    const end = new AbortController();
    const task: Task = { ...work, gate, port: port2 };
    const result = threads.run(task, { transferList: [port2], signal: end.signal }) as Promise<Result>;
    const settled = result.then(
      () => finish(),
      () => finish(),
    );
    const finish = (): void => {
      port1.close();
      unfinished.delete(settled);
    };
    unfinished.add(settled);

    return new Promise<Result>((resolve, reject) => {
      const onAbort = async (): Promise<void> => {
        closeGate(gate);
        port1.postMessage("abort" satisfies ToThread);
        await Promise.race([settled, wait(PATIENCE_MS, undefined, { ref: false })]);
        reject(signal.reason);
        while (unfinished.has(settled) && inRuntime(gate)) await wait(POLL_MS);
        if (unfinished.has(settled)) end.abort();
      };
      signal.addEventListener("abort", onAbort, { once: true });
      result
        .then(resolve, (error) => reject(signal.aborted ? signal.reason : error))
        .finally(() => signal.removeEventListener("abort", onAbort));
    });
  }

  return {
    size,
    run: (spec, options) => run<CaseResult>({ kind: "case", spec }, options),
    train: (spec, options) => run<TrainingResult>({ kind: "training", spec }, options),
    async close() {
      await Promise.all(unfinished);
      await threads.destroy();
    },
  };
}
