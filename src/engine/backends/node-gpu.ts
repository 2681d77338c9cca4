// ONNX Runtime's GPU providers in Node: WebGPU (in the package, any adapter that Dawn finds) and CUDA (where the provider's library is
// installed). What they have no kernel for is an error, never a silent run on the CPU.
import * as ort from "onnxruntime-node";
import type { Backend } from "./backend.js";
import { noFallback, runtimeBackend, webgpuLacks } from "./runtime.js";

const gpu = (provider: string, lacks: readonly string[]): Backend =>
  runtimeBackend({
    ort,
    name: `node-${provider}`,
    dtypes: ["float32"],
    lacks,
    settings: { executionProviders: [provider], extra: noFallback, logSeverityLevel: 4 },
  });

export const nodeWebgpu = (): Backend => gpu("webgpu", webgpuLacks);
export const nodeCuda = (): Backend => gpu("cuda", []);
