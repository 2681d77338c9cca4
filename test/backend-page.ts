// What test/browser-backends.ts runs in a browser: opens one web backend, checks its promises, computes second orders.
import type { Backend } from "../src/engine/backends/backend.js";
import { webWasm } from "../src/engine/backends/web-wasm.js";
import { webWebgpu } from "../src/engine/backends/web-webgpu.js";
import { compile, conv, createGraph, square, squareWindow } from "../src/engine/index.js";
import { type BackendPromise, backendPromises } from "./backend-promises.js";
import { secondOrder } from "./second-order.js";

export interface Wanted {
  readonly name: "web-wasm" | "web-webgpu";
  readonly files: string;
  readonly threads: number;
}

/** The page's side; called through the browser's debugger, so all values are JSON. */
export interface BackendPage {
  /** Names of the promises, or why the backend cannot run here. */
  open(wanted: Wanted): Promise<{ promises: string[] } | { reason: string }>;
  /** What was broken, or null. */
  check(promise: number): Promise<string | null>;
  secondOrder(model: string): Promise<number[]>;
}

let backend: Backend;
let promises: readonly BackendPromise[] = [];

function convolution() {
  const graph = createGraph();
  return conv(graph.input("x", [1, 1, 4, 4]), graph.input("w", [1, 1, 3, 3]), squareWindow({}));
}

const page: BackendPage = {
  async open({ name, files, threads }) {
    try {
      backend = name === "web-wasm" ? webWasm({ files, threads }) : webWebgpu({ files });
      const y = square(createGraph().input("x", [1]));
      await (await compile({ y }, { backend, dtype: "float32" })).dispose();
    } catch (error) {
      return { reason: (error as Error).message.split("\n")[0]! };
    }
    const missing = { dtype: "float64", operator: "Conv", build: convolution } as const;
    promises = backendPromises(backend, name === "web-wasm" ? missing : undefined);
    return { promises: promises.map((promise) => promise.name) };
  },
  check: (promise) =>
    promises[promise]!.check().then(
      () => null,
      (error: Error) => error.message,
    ),
  secondOrder: async (model) => Array.from(await secondOrder(model, backend)),
};

Object.assign(globalThis, { backendPage: page });
