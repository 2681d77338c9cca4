// ONNX Runtime's CPU provider in Node. One session per compiled graph; execution is sequential, parallelism is inside the kernels.
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import type { DType, FloatArray } from "../../math/tensor.js";
import { type Backend, BackendError, MissingKernelError, type Session } from "./backend.js";

export interface NodeCpuOptions {
  /** Threads inside one kernel; 1 in worker threads (two one-thread sessions beat one with two). Default: the runtime's choice. */
  readonly threads?: number;
}

const NAME = "node-cpu";

// This fusion keeps the factor of a matrix product as a float32 attribute, which leaves float64 results with seven right digits.
const keepsFloat64 = { optimization: { disable_specified_optimizers: "MatMulScaleFusion" } };

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

function loadError(error: unknown, dtype: DType): BackendError {
  const missing = /implementation for (\w+)\(\d+\) node with name '([^']*)'/.exec(messageOf(error));
  if (missing) return new MissingKernelError(NAME, dtype, missing[1]!, missing[2]!);
  return new BackendError(`${NAME} cannot load the ${dtype} model: ${messageOf(error)}`, { cause: error });
}

export function nodeCpu(options: NodeCpuOptions = {}): Backend {
  return {
    name: NAME,
    dtypes: ["float32", "float64"],
    async load(model, dtype) {
      const settings: InferenceSession.SessionOptions = {
        executionProviders: ["cpu"],
        graphOptimizationLevel: "all",
        executionMode: "sequential",
        ...(dtype === "float64" ? { extra: keepsFloat64 } : {}),
        ...(options.threads === undefined ? {} : { intraOpNumThreads: options.threads }),
      };
      try {
        return wrap(await InferenceSession.create(model, settings), dtype);
      } catch (error) {
        throw loadError(error, dtype);
      }
    },
  };
}

function wrap(session: InferenceSession, dtype: DType): Session {
  let underWay = 0;
  let disposed = false;
  let onIdle: (() => void) | undefined;

  return {
    async run(feeds) {
      if (disposed) throw new BackendError(`${NAME}: the session was disposed of; compile the graph again`);
      underWay++;
      try {
        const tensors: Record<string, OrtTensor> = {};
        for (const [name, { shape, data }] of Object.entries(feeds)) {
          tensors[name] = new OrtTensor(dtype, data as never, shape as number[]);
        }
        const results = await session.run(tensors);
        return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as FloatArray]));
      } catch (error) {
        throw new BackendError(`${NAME} cannot run the model: ${messageOf(error)}`, { cause: error });
      } finally {
        underWay--;
        if (underWay === 0) onIdle?.();
      }
    },
    async dispose() {
      if (disposed) return;
      disposed = true;
      // The runtime begins a run on a later turn of the event loop and would find the session gone.
      if (underWay > 0) {
        await new Promise<void>((resolve) => {
          onIdle = resolve;
        });
      }
      await session.release();
    },
  };
}
