// ONNX Runtime's CPU provider as WebAssembly: in a browser, and in Node for tests. The same kernels as in Node, compiled for 128-bit vectors.
import * as ort from "#onnxruntime-web";
import type { Backend } from "./backend.js";
import { runtimeBackend } from "./runtime.js";
import { setUp, type WebOptions } from "./web-runtime.js";

/** Throws BackendError as `setUp`. */
export function webWasm(options: WebOptions): Backend {
  setUp(ort.env, "web-wasm", options);
  return runtimeBackend({
    ort,
    name: "web-wasm",
    dtypes: ["float32", "float64"],
    settings: { executionProviders: ["wasm"] },
  });
}
