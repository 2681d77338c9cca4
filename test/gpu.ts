// GPU backends in tests: those that can run here, and why others cannot. A machine without a GPU can have one in software, SwiftShader, which
// comes with Debian's chromium: for correctness, never for timing.
import { existsSync } from "node:fs";
import type { Backend } from "../src/engine/backends/backend.js";
import { nodeCuda, nodeWebgpu } from "../src/engine/backends/node-gpu.js";
import { compile, createGraph, square } from "../src/engine/index.js";

const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";
if (process.env.VK_DRIVER_FILES === undefined && existsSync(SWIFTSHADER)) process.env.VK_DRIVER_FILES = SWIFTSHADER;

/** Why a backend cannot run here; null where it can. */
async function obstacle(backend: Backend): Promise<string | null> {
  const y = square(createGraph().input("x", [1]));
  return compile({ y }, { backend, dtype: "float32" }).then(
    (program) => program.dispose().then(() => null),
    (error: Error) => error.message.split("\n")[0]!,
  );
}

export const gpus: { readonly backend: Backend; readonly reason: string | null }[] = [];
for (const backend of [nodeWebgpu(), nodeCuda()]) gpus.push({ backend, reason: await obstacle(backend) });
