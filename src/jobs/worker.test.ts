// What a thread of the pool hands to a case; the pool itself is tested with a stand-in for this thread.
import { existsSync, readdirSync } from "node:fs";
import { MessageChannel } from "node:worker_threads";
import { expect, it, vi } from "vitest";
import type { CaseResult, CaseSpec } from "../audit/case.js";
import { evaluateCase } from "../audit/evaluate.js";
import { compile, createGraph, square } from "../engine/index.js";
import { createGate } from "./gate.js";
import runTask from "./worker.js";

vi.mock("../audit/evaluate.js");

const tasks = "/proc/self/task";

it.skipIf(!existsSync(tasks))("computes its case in sessions without threads of their own", async () => {
  const opened: number[] = [];
  vi.mocked(evaluateCase).mockImplementation(async (_, { backend }) => {
    const y = square(createGraph().input("x", [1]));
    for (let session = 0; session < 2; session++) {
      const before = readdirSync(tasks).length;
      const program = await compile({ y }, { backend, dtype: "float32" });
      opened.push(readdirSync(tasks).length - before);
      await program.dispose();
    }
    return {} as CaseResult;
  });
  const { port1, port2 } = new MessageChannel();
  await runTask({ kind: "case", spec: { backend: "node-cpu" } as CaseSpec, gate: createGate(), port: port2 });
  port1.close();
  // The first session of a process starts what the runtime keeps.
  expect(opened[1]).toBe(0);
});
