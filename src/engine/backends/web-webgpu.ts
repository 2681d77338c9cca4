// ONNX Runtime's WebGPU provider in a browser. What it has no kernel for is an error, never a silent run on the CPU.
import * as ort from "onnxruntime-web/webgpu";
import type { Backend } from "./backend.js";
import { noFallback, runtimeBackend, webgpuLacks } from "./runtime.js";
import { setUp, type WebOptions } from "./web-runtime.js";

let last: Promise<unknown> = Promise.resolve();

/** Calls of all sessions follow one another: while this build waits for the GPU, a second call into it never returns. */
function inTurn<T>(call: () => Promise<T>): Promise<T> {
  const next = last.then(call, call);
  last = next;
  return next;
}

/** Throws BackendError as `setUp`. Where there is no adapter, loading a model says so. */
export function webWebgpu({ files }: Pick<WebOptions, "files">): Backend {
  setUp(ort.env, "web-webgpu", { files, threads: 1 });
  return runtimeBackend({
    ort,
    name: "web-webgpu",
    dtypes: ["float32"],
    lacks: webgpuLacks,
    settings: { executionProviders: ["webgpu"], extra: noFallback },
    inTurn,
  });
}
