// ONNX Runtime's CPU provider in Node.
import * as ort from "onnxruntime-node";
import type { Backend } from "./backend.js";
import { runtimeBackend } from "./runtime.js";

export interface NodeCpuOptions {
  /** Threads inside one kernel; 1 in worker threads (two one-thread sessions beat one with two). Default: the runtime's choice. */
  readonly threads?: number;
}

export const nodeCpu = ({ threads }: NodeCpuOptions = {}): Backend =>
  runtimeBackend({
    ort,
    name: "node-cpu",
    dtypes: ["float32", "float64"],
    settings: {
      executionProviders: ["cpu"],
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    },
  });
