// How a build of ONNX Runtime for the web is set up: once per page, worker or process, before its first session. Its files come from an
// address of ours, never from elsewhere.
import type { Env } from "onnxruntime-common";
import { BackendError } from "./backend.js";

export interface WebOptions {
  /**
   * Address of the folder with the runtime's `ort-wasm-simd-threaded*` files, ending in a slash; absolute, so that a worker finds it too.
   */
  readonly files: string;
  /**
   * Threads inside one kernel. More than one takes SharedArrayBuffer, which a page has if it is cross-origin isolated. Default: the cores up
   * to 4 where there is one, else 1.
   */
  readonly threads?: number;
}

/** What the runtime gains from further threads is little at the sizes that attacks have. */
const MOST_THREADS = 4;

const canShare = () => typeof SharedArrayBuffer !== "undefined";

function defaultThreads(): number {
  const { navigator } = globalThis as { navigator?: { hardwareConcurrency?: number } };
  return canShare() ? Math.min(MOST_THREADS, navigator?.hardwareConcurrency ?? 1) : 1;
}

/**
 * Sets up the runtime behind `env`. Throws BackendError where threads are asked for and cannot be had, and where the runtime was set up
 * in another way before, which it keeps.
 */
export function setUp(env: Env, name: string, { files, threads = defaultThreads() }: WebOptions): void {
  if (threads > 1 && !canShare()) {
    throw new BackendError(
      `${name} was asked for ${threads} threads, and this page has no SharedArrayBuffer: serve it with the headers ` +
        "Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp, or ask for 1",
    );
  }
  const { wasmPaths, numThreads } = env.wasm;
  if (wasmPaths !== undefined && (wasmPaths !== files || numThreads !== threads)) {
    throw new BackendError(
      `${name} runs with ${numThreads} thread(s) from ${JSON.stringify(wasmPaths)} in this page, worker or process, and cannot change to ` +
        `${threads} thread(s) from ${JSON.stringify(files)}: open another worker`,
    );
  }
  env.wasm.wasmPaths = files;
  env.wasm.numThreads = threads;
}
