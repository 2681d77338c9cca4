// The thread of workers.js: opens a case in a one-thread session and steps for as many ms as it is told; 0 ends it.
// Posts "ready", then steps per ms.
import { parentPort, workerData } from "node:worker_threads";
import { caseOf } from "./cases.js";
import { openOurs } from "./ours.js";

const { step, dispose } = await openOurs(caseOf(workerData), { threads: 1 });

async function rate(ms) {
  const start = performance.now();
  let steps = 0;
  let elapsed = 0;
  while (elapsed < ms) {
    await step();
    steps++;
    elapsed = performance.now() - start;
  }
  return steps / elapsed;
}

parentPort.on("message", async (ms) => {
  if (ms > 0) parentPort.postMessage(await rate(ms));
  else {
    await dispose();
    parentPort.close();
  }
});
parentPort.postMessage("ready");
