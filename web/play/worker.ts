// The worker of the playground: opens the runtime, then plays what it is asked, one request after the other. The page ends it to stop a run.
import { webWasm } from "../../src/engine/backends/web-wasm.js";
import { galleryOf } from "./gallery.js";
import { type Controls, play } from "./play.js";
import type { PlayMessage, PlayRequest } from "./protocol.js";

const scope = self as unknown as Pick<Worker, "onmessage" | "postMessage"> & {
  readonly location: { readonly href: string };
};

const tell = (message: PlayMessage) => scope.postMessage(message);
// The build puts the runtime's files there. One thread: at these sizes two wait for each other (13 s against 9 s on two cores).
const backend = webWasm({ files: new URL("../runtime/", scope.location.href).href, threads: 1 });
const controls: Controls = new Map();
let queue = Promise.resolve();

scope.onmessage = ({ data }: MessageEvent<PlayRequest>) => {
  queue = queue.then(() =>
    play(data, { backend, datasetOf: galleryOf, tell }, controls).catch((error: unknown) =>
      tell({ kind: "error", message: error instanceof Error ? error.message : String(error) }),
    ),
  );
};
tell({ kind: "ready", backend: "ONNX Runtime, WebAssembly" });
