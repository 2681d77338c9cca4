// The step of a case in a browser, on WebAssembly: what openOurs takes as `open`.
import { bundle, launch, serve } from "./chromium.js";

const bytesOf = (tensors) =>
  Buffer.concat(tensors.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)));

const shapesOf = (tensors) => [...tensors].map(([name, { shape }]) => [name, shape]);
const valuesOf = (tensors) => [...tensors.values()].map(({ data }) => Float32Array.from(data));

/** CPU time of the whole browser, in ms. */
async function cpuTime(debug) {
  const { processInfo } = await debug.send("SystemInfo.getProcessInfo");
  return processInfo.reduce((total, { cpuTime }) => total + 1e3 * cpuTime, 0);
}

/** Opens steps in pages with `threads` threads; those with several are cross-origin isolated. */
export const openInChromium = (threads) => async (benchCase, problem) => {
  const [script, browser] = await Promise.all([bundle(new URL("./web-page.js", import.meta.url)), launch()]);
  try {
    return await openPage(browser, script, threads, benchCase, problem);
  } catch (error) {
    await browser.close();
    throw error;
  }
};

async function openPage(browser, script, threads, benchCase, { weights, update, candidates, labels }) {
  const numbers = bytesOf([...valuesOf(weights), ...valuesOf(update), candidates[0]]);
  const server = await serve(script, { isolated: threads > 1, data: { "/numbers.bin": () => numbers } });
  const page = await browser.newPage();
  const debug = await browser.newBrowserCDPSession();
  await page.goto(server.address);
  const call = (method, argument) => page.evaluate(`benchPage.${method}(${JSON.stringify(argument ?? null)})`);
  await call("open", {
    ...{ benchCase, weights: shapesOf(weights), update: shapesOf(update), imageCount: candidates[0].length },
    ...{ labels: [...labels], files: server.files, threads },
  });
  return {
    step: () => call("step"),
    async block(ms) {
      const before = await cpuTime(debug);
      return { ms: await call("block", ms), cpuMs: (await cpuTime(debug)) - before };
    },
    async dispose() {
      await browser.close();
      await server.close();
    },
  };
}
