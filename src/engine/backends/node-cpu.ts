// ONNX Runtime's CPU provider in Node.
import type { Backend } from "./backend.js";
import { runtimeBackend } from "./node-runtime.js";

export interface NodeCpuOptions {
  /** Threads inside one kernel; 1 in worker threads (two one-thread sessions beat one with two). Default: the runtime's choice. */
  readonly threads?: number;
}

// This fusion keeps the factor of a matrix product as a float32 attribute, which leaves float64 results with seven right digits.
const keepsFloat64 = { optimization: { disable_specified_optimizers: "MatMulScaleFusion" } };

export const nodeCpu = ({ threads }: NodeCpuOptions = {}): Backend =>
  runtimeBackend({
    name: "node-cpu",
    dtypes: ["float32", "float64"],
    settings: (dtype) => ({
      executionProviders: ["cpu"],
      ...(dtype === "float64" ? { extra: keepsFloat64 } : {}),
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    }),
  });
