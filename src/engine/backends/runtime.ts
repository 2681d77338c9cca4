// A provider of ONNX Runtime, in Node or in a browser, as a backend. One session per compiled graph; execution is sequential, parallelism is
// inside the kernels. Which build of the runtime runs is the caller's affair.
import type * as onnxruntime from "onnxruntime-common";
import type { DType, FloatArray } from "../../math/tensor.js";
import { CONV_OF_THREES, GROUPED_TRANSPOSE } from "../ops/convolution.js";
import { type Backend, BackendError, MissingKernelError, type Session } from "./backend.js";
import { firstUnsupported } from "./first-unsupported.js";

type InferenceSession = onnxruntime.InferenceSession;

export interface Runtime {
  /** The build of the runtime. */
  readonly ort: Pick<typeof onnxruntime, "InferenceSession" | "Tensor">;
  readonly name: string;
  readonly dtypes: readonly DType[];
  readonly lacks?: readonly string[];
  /** Options of a session beside those that all have. */
  readonly settings: onnxruntime.InferenceSession.SessionOptions;
  /** Makes a call into the runtime when it may be made. Default: at once. */
  readonly inTurn?: <T>(call: () => Promise<T>) => Promise<T>;
}

/**
 * What the WebGPU provider of 1.30 has no kernel for, of the operators that ops are written with, and what it computes wrongly: found by
 * running all op fixtures on it, and convolutions of 1 to 30 channels against the CPU. */
export const webgpuLacks = ["LogSoftmax", "Sign", "Equal", GROUPED_TRANSPOSE, CONV_OF_THREES];

/** Nodes without a kernel are an error, never a silent run on the CPU. */
export const noFallback = { session: { disable_cpu_ep_fallback: "1" } };

// This fusion keeps the factor of a matrix product as a float32 attribute, which leaves float64 results with seven right digits.
const keepsFloat64 = { optimization: { disable_specified_optimizers: "MatMulScaleFusion" } };

const atOnce = <T>(call: () => Promise<T>): Promise<T> => call();

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** The provider as a backend. */
export function runtimeBackend(runtime: Runtime): Backend {
  const { ort, name, dtypes, lacks, settings, inTurn = atOnce } = runtime;
  const open = (model: Uint8Array, dtype: DType): Promise<InferenceSession> =>
    inTurn(() =>
      ort.InferenceSession.create(model, {
        graphOptimizationLevel: "all",
        executionMode: "sequential",
        ...(dtype === "float64" ? { extra: keepsFloat64 } : {}),
        ...settings,
      }),
    );

  async function loadError(error: unknown, model: Uint8Array, dtype: DType): Promise<BackendError> {
    const missing = /implementation for (\w+)\(\d+\) node with name '([^']*)'/.exec(messageOf(error));
    if (missing) return new MissingKernelError(name, dtype, missing[1]!, missing[2]!);
    if (isFallback(error)) {
      const loads = (part: Uint8Array) =>
        open(part, dtype).then(
          (session) => inTurn(() => session.release()).then(() => true),
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
        return wrap(await open(model, dtype), runtime, dtype);
      } catch (error) {
        throw await loadError(error, model, dtype);
      }
    },
  };
}

/** Whether a session was refused since some of its nodes would have run on the CPU. */
const isFallback = (error: unknown): boolean =>
  /fallback to CPU EP has been explicitly disabled/.test(messageOf(error));

function wrap(session: InferenceSession, { ort, name, inTurn = atOnce }: Runtime, dtype: DType): Session {
  let underWay = 0;
  let disposed = false;
  let onIdle: (() => void) | undefined;

  return {
    async run(feeds) {
      if (disposed) throw new BackendError(`${name}: the session was disposed of; compile the graph again`);
      underWay++;
      try {
        const tensors: Record<string, onnxruntime.Tensor> = {};
        for (const [input, { shape, data }] of Object.entries(feeds)) {
          tensors[input] = new ort.Tensor(dtype, data as never, shape as number[]);
        }
        const results = await inTurn(() => session.run(tensors));
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
      await inTurn(() => session.release());
    },
  };
}
