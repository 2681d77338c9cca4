// ONNX Runtime's GPU providers in Node: WebGPU (in the package, any adapter that Dawn finds) and CUDA (where the provider's library is
// installed). What they have no kernel for is an error, never a silent run on the CPU.
import * as ort from "onnxruntime-node";
import type { Backend } from "./backend.js";
import { runtimeBackend } from "./runtime.js";

const noFallback = { session: { disable_cpu_ep_fallback: "1" } };

/** What the WebGPU provider of 1.30 has no kernel for, of the operators that ops are written with. */
const lacking = { webgpu: ["LogSoftmax"], cuda: [] };

const gpu = (provider: "webgpu" | "cuda"): Backend =>
  runtimeBackend({
    ort,
    name: `node-${provider}`,
    dtypes: ["float32"],
    lacks: lacking[provider],
    settings: { executionProviders: [provider], extra: noFallback },
  });

export const nodeWebgpu = (): Backend => gpu("webgpu");
export const nodeCuda = (): Backend => gpu("cuda");
