// ONNX Runtime's CPU provider in Node. One session per compiled graph; execution is sequential, parallelism is inside the kernels.
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import type { DType } from "../../math/tensor.js";
import type { Backend, Session } from "./backend.js";

export interface NodeCpuOptions {
  /** Threads inside one kernel; 1 in worker threads (two one-thread sessions beat one with two). Default: the runtime's choice. */
  readonly threads?: number;
}

// This fusion keeps the factor of a matrix product as a float32 attribute, which leaves float64 results with seven right digits.
const keepsFloat64 = { optimization: { disable_specified_optimizers: "MatMulScaleFusion" } };

export function nodeCpu(options: NodeCpuOptions = {}): Backend {
  return {
    name: "node-cpu",
    async load(model: Uint8Array, dtype: DType): Promise<Session> {
      const session = await InferenceSession.create(model, {
        executionProviders: ["cpu"],
        graphOptimizationLevel: "all",
        executionMode: "sequential",
        ...(dtype === "float64" ? { extra: keepsFloat64 } : {}),
        ...(options.threads === undefined ? {} : { intraOpNumThreads: options.threads }),
      });
      return {
        async run(feeds) {
          const tensors: Record<string, OrtTensor> = {};
          for (const [name, { shape, data }] of Object.entries(feeds)) {
            tensors[name] = new OrtTensor(dtype, data as never, shape as number[]);
          }
          const results = await session.run(tensors);
          return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, value.data as never]));
        },
        dispose: () => session.release(),
      };
    },
  };
}
