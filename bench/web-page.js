// The page of chromium-step.js: opens the step of a case on WebAssembly, takes steps and times blocks of them, as bench/ours.js does in Node.
import { webWasm } from "../dist/engine/backends/web-wasm.js";
import { sizeOf, tensor } from "../dist/math/tensor.js";
import { timedBlock } from "./statistics.js";
import { openAttack } from "./step.js";

let opened;

globalThis.benchPage = {
  /** `weights` and `update` are lists of [name, shape]; `files` and `threads` are those of webWasm. */
  async open({ benchCase, weights, update, imageCount, labels, files, threads }) {
    const numbers = new Float32Array(await (await fetch("/numbers.bin")).arrayBuffer());
    let at = 0;
    const take = (count) => {
      at += count;
      return numbers.slice(at - count, at);
    };
    const tensors = (list) => new Map(list.map(([name, shape]) => [name, tensor(shape, take(sizeOf(shape)))]));
    const problem = { weights: tensors(weights), update: tensors(update), candidates: [take(imageCount)] };
    const backend = webWasm({ files, threads });
    opened = await openAttack(benchCase, backend, { ...problem, labels: Float32Array.from(labels) });
  },
  async step() {
    const { distance, imageGradient } = await opened.step();
    return { distance, imageGradient: [...imageGradient] };
  },
  block: (ms) => timedBlock(opened.step, ms),
};
