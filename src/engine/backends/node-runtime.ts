// A provider of ONNX Runtime in Node as a backend. One session per compiled graph; execution is sequential, parallelism is inside the kernels.
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import type { DType, FloatArray } from "../../math/tensor.js";
import { type Backend, BackendError, MissingKernelError, type Session } from "./backend.js";
import { firstUnsupported } from "./first-unsupported.js";

export interface Runtime {
  readonly name: string;
  readonly dtypes: readonly DType[];
  readonly lacks?: readonly string[];
  /** Options of a session beside those that all have. */
  readonly settings: (dtype: DType) => InferenceSession.SessionOptions;
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** The provider as a backend. */
export function runtimeBackend({ name, dtypes, lacks, settings }: Runtime): Backend {
  const open = (model: Uint8Array, dtype: DType): Promise<InferenceSession> =>
    InferenceSession.create(model, {
      graphOptimizationLevel: "all",
      executionMode: "sequential",
      ...settings(dtype),
    });

  async function loadError(error: unknown, model: Uint8Array, dtype: DType): Promise<BackendError> {
    const missing = /implementation for (\w+)\(\d+\) node with name '([^']*)'/.exec(messageOf(error));
    if (missing) return new MissingKernelError(name, dtype, missing[1]!, missing[2]!);
    if (isFallback(error)) {
      const loads = (part: Uint8Array) =>
        open(part, dtype).then(
          (session) => session.release().then(() => true),
          (reason: unknown) => !isFallback(reason),
        );
      const found = await firstUnsupported(model, loads);
      if (found) return new MissingKernelError(name, dtype, found.opType, found.name);
    }
    return new BackendError(`${name} cannot load the ${dtype} model: ${messageOf(error)}`, { cause: error });
  }

  return {
    name,
    dtypes,
    ...(lacks ? { lacks } : {}),
    async load(model, dtype) {
      try {
        return wrap(await open(model, dtype), name, dtype);
      } catch (error) {
        throw await loadError(error, model, dtype);
      }
    },
  };
}

/** Whether a session was refused since some of its nodes would have run on the CPU. */
const isFallback = (error: unknown): boolean =>
  /fallback to CPU EP has been explicitly disabled/.test(messageOf(error));

function wrap(session: InferenceSession, name: string, dtype: DType): Session {
  let underWay = 0;
  let disposed = false;
  let onIdle: (() => void) | undefined;

  return {
    async run(feeds) {
      if (disposed) throw new BackendError(`${name}: the session was disposed of; compile the graph again`);
      underWay++;
      try {
        const tensors: Record<string, OrtTensor> = {};
        for (const [input, { shape, data }] of Object.entries(feeds)) {
          tensors[input] = new OrtTensor(dtype, data as never, shape as number[]);
        }
        const results = await session.run(tensors);
        return Object.fromEntries(Object.entries(results).map(([output, { data }]) => [output, data as FloatArray]));
      } catch (error) {
        throw new BackendError(`${name} cannot run the model: ${messageOf(error)}`, { cause: error });
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
