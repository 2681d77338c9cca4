// The second order that attacks use, on every GPU backend and every web backend that runs here, against the CPU's: 1e-4 on LeNet, ResNet-18 and a
// vision transformer. With SwiftShader (test/gpu.ts) it takes minutes and says nothing of speed.
import { afterAll, describe, expect, it } from "vitest";
import { nodeCpu } from "../../src/engine/backends/node-cpu.js";
import type { FloatArray } from "../../src/math/tensor.js";
import { closeBrowser, openWebCase, webCases } from "../browser-backends.js";
import { relativeError } from "../engine-fixture.js";
import { gpus } from "../gpu.js";
import { nets, secondOrder } from "../second-order.js";
import { note } from "./prove.js";

const MILLIONTHS = 100;

interface Computer {
  readonly name: string;
  /** Why it cannot run here, or null. */
  readonly reason: string | null;
  compute(id: string): Promise<FloatArray>;
}

const inNode = gpus.map(
  ({ backend, reason }): Computer => ({ name: backend.name, reason, compute: (id) => secondOrder(id, backend) }),
);
const pages = await Promise.all(webCases.map(openWebCase));
const inChromium = webCases.map(({ title }, position): Computer => {
  const { reason, secondOrder: inPage } = pages[position]!;
  return { name: title, reason, compute: async (id) => Float32Array.from(await inPage(id)) };
});
afterAll(async () => {
  await Promise.all(pages.map((page) => page.close()));
  await closeBrowser();
});

for (const { name, reason, compute } of [...inNode, ...inChromium]) {
  describe.skipIf(reason !== null)(`${name}${reason === null ? "" : ` cannot run here: ${reason}`}`, () => {
    it.each(Object.keys(nets))("second order of %s", async (id) => {
      const started = Date.now();
      const cpu = await secondOrder(id, nodeCpu({ threads: 1 }));
      const error = 1e6 * relativeError(await compute(id), cpu);
      const held = note({
        proof: `${name}: second order of ${id} as on the CPU`,
        pictures: "none",
        unit: "millionths",
        measured: [error],
        summary: "largest error over largest value, float32",
        bar: `< ${MILLIONTHS}`,
        held: error < MILLIONTHS,
        seconds: Math.round((Date.now() - started) / 1000),
      });
      expect(held).toBe(true);
    });
  });
}
