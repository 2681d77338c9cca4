import { describe, expect, it } from "vitest";
import { testBackend } from "../../../test/backend-suite.js";
import { createGraph } from "../graph.js";
import { conv } from "../ops/convolution.js";
import { squareWindow } from "../ops/window.js";
import { BackendError } from "./backend.js";
import { webWasm } from "./web-wasm.js";

const files = new URL(".", import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm")).href;

function convolution() {
  const graph = createGraph();
  return conv(graph.input("x", [1, 1, 4, 4]), graph.input("w", [1, 1, 3, 3]), squareWindow({}));
}

testBackend(webWasm({ files, threads: 1 }), { missing: { dtype: "float64", operator: "Conv", build: convolution } });

describe("webWasm", () => {
  it("keeps what it was set up with, and says so", () => {
    expect(webWasm({ files, threads: 1 }).name).toBe("web-wasm");
    expect(() => webWasm({ files, threads: 2 })).toThrow(BackendError);
    expect(() => webWasm({ files: "https://elsewhere.example/", threads: 1 })).toThrow(/cannot change to 1 thread/);
  });

  it("refuses threads where memory cannot be shared, and takes one by itself", () => {
    const shared = globalThis.SharedArrayBuffer;
    Reflect.deleteProperty(globalThis, "SharedArrayBuffer");
    try {
      expect(() => webWasm({ files, threads: 2 })).toThrow(/2 threads.*Cross-Origin-Opener-Policy/);
      expect(webWasm({ files }).dtypes).toEqual(["float32", "float64"]);
    } finally {
      globalThis.SharedArrayBuffer = shared;
    }
  });
});
