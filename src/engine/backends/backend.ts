// What executes an ONNX model. Implementations: `node-cpu.ts`; others follow behind the same interface.
import type { DType, FloatArray, Shape } from "../../math/tensor.js";

export interface Feed {
  readonly shape: Shape;
  readonly data: FloatArray;
}

export interface Session {
  /** Runs the model once. Output arrays are the caller's to keep. */
  run(feeds: Readonly<Record<string, Feed>>): Promise<Record<string, FloatArray>>;
  /** Frees native memory. The session cannot be used afterwards. */
  dispose(): Promise<void>;
}

export interface Backend {
  /** Name as it appears in a recipe, e.g. `node-cpu`. */
  readonly name: string;
  load(model: Uint8Array, dtype: DType): Promise<Session>;
}
