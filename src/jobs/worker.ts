// The thread side of the worker pool: computes one case or training at a time with one-thread sessions (two one-thread workers beat one two-thread
// session in throughput, DESIGN.md section 5).

import type { CaseResult } from "../audit/case.js";
import { evaluateCase } from "../audit/evaluate.js";
import { type TrainingResult, trainFederations } from "../audit/training.js";
import { backendNamed } from "../engine/backends/node-devices.js";
import { gatedBackend, isClosed } from "./gate.js";
import type { FromThread, Task } from "./messages.js";

export default async function runTask(task: Task): Promise<CaseResult | TrainingResult> {
  const { gate, port } = task;
  const controller = new AbortController();
  port.on("message", () => controller.abort());
  if (isClosed(gate)) controller.abort();
  const backend = gatedBackend(
    backendNamed(task.spec.backend, 1),
    gate,
    () => new DOMException("the case was aborted", "AbortError"),
  );
  try {
    controller.signal.throwIfAborted();
    const tools = {
      backend,
      signal: controller.signal,
      onProgress: (progress: FromThread) => port.postMessage(progress),
    };
    return await (task.kind === "case" ? evaluateCase(task.spec, tools) : trainFederations(task.spec, tools));
  } finally {
    port.close();
  }
}
