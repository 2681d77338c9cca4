// What executes an ONNX model. Implementations: `node-cpu.ts`; others follow behind the same interface. What every one of them promises
// is stated as tests in test/backend-suite.ts.
import type { DType, FloatArray, Shape } from "../../math/tensor.js";

export interface Feed {
  readonly shape: Shape;
  readonly data: FloatArray;
}

export interface Session {
  /**
   * Runs the model once on one value per input. Output arrays are the caller's to keep, beyond later runs and `dispose`. Runs may
   * overlap; each gets its own results. Rejects with BackendError on a missing or ill-shaped feed and after `dispose`.
   */
  run(feeds: Readonly<Record<string, Feed>>): Promise<Record<string, FloatArray>>;
  /** Frees native memory once the runs under way have ended. Calling it again does nothing. */
  dispose(): Promise<void>;
}

export interface Backend {
  /** Name as it appears in a recipe, e.g. `node-cpu`. */
  readonly name: string;
  /** Precisions that it computes in. */
  readonly dtypes: readonly DType[];
  /** ONNX operators that it has no kernel for, though others have: ops that have another form are written without them. */
  readonly lacks?: readonly string[];
  /** Opens a session. The model's bytes are not kept. Rejects with MissingKernelError, or BackendError on a malformed model. */
  load(model: Uint8Array, dtype: DType): Promise<Session>;
}

/** A backend could not load or run a model; names the backend. */
export class BackendError extends Error {
  override name = "BackendError";
}

/** The runtime has no implementation of an ONNX op in this precision; names the op and the node that needs it. */
export class MissingKernelError extends BackendError {
  override name = "MissingKernelError";

  constructor(
    backend: string,
    dtype: DType,
    /** The ONNX operator, e.g. `Conv`. */
    readonly operator: string,
    /** The ONNX node's name: graph op and node number. */
    readonly node: string,
  ) {
    super(
      `${backend} has no ${dtype} kernel for ${operator} (node "${node}"); let the op lower to others, or use another precision`,
    );
  }
}
