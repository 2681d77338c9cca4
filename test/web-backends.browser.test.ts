// The shared suite of backends in real Chromium, and LeNet's second order as on the CPU (WebGPU's is in test/proofs/backends.proof.ts).
import { afterAll, describe, expect, it } from "vitest";
import { nodeCpu } from "../src/engine/backends/node-cpu.js";
import { skipBackend, testPromises } from "./backend-suite.js";
import { closeBrowser, type OpenedCase, openWebCase, type WebCase, webCases } from "./browser-backends.js";
import { relativeError } from "./engine-fixture.js";
import { secondOrder } from "./second-order.js";

const opened = await Promise.all(webCases.map(openWebCase));
afterAll(async () => {
  await Promise.all(opened.map((each) => each.close()));
  await closeBrowser();
});

const promisesOf = ({ promises, check }: OpenedCase) =>
  promises.map((name, position) => ({
    name,
    async check() {
      const broken = await check(position);
      if (broken !== null) throw new Error(broken);
    },
  }));

function testCase({ title, name, threads }: WebCase, page: OpenedCase): void {
  testPromises(title, promisesOf(page));

  describe(title, () => {
    it.runIf(name === "web-wasm")("gives LeNet's second order as the CPU", async () => {
      const slope = Float32Array.from(await page.secondOrder("lenet"));
      expect(relativeError(slope, await secondOrder("lenet", nodeCpu({ threads: 1 })))).toBeLessThan(1e-4);
    });

    it("has a worker for each further thread, asks its own server only, and does not complain", () => {
      expect(page.workers()).toBe(threads - 1);
      expect(page.requests.filter((address) => !address.startsWith(page.origin))).toEqual([]);
      expect(page.complaints).toEqual([]);
    });
  });
}

webCases.forEach((each, position) => {
  const page = opened[position]!;
  if (page.reason === null) testCase(each, page);
  else skipBackend(each.title, page.reason);
});
