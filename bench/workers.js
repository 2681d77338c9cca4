// Two worker threads with one-thread sessions against one: how much more an audit gets done per second that runs its
// cells side by side.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { collectRounds } from "./rounds.js";
import { median, range } from "./statistics.js";

/** The case whose steps are counted. */
export const LABEL = "lenet/l2:1";
const WORKERS = 2;

async function startWorker() {
  const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: LABEL });
  const answer = async () => (await once(worker, "message"))[0];
  await answer();
  return {
    /** Steps per ms over a block of `ms`. */
    async rate(ms) {
      worker.postMessage(ms);
      return answer();
    },
    async stop() {
      worker.postMessage(0);
      await once(worker, "exit");
    },
  };
}

/**
 * Throughput of one worker and of two in turns: { label, oneMs, twoMs, speedup, speedupRange, rounds, quiet }, where
 * `oneMs` and `twoMs` are ms per step of all workers together.
 */
export async function measureWorkers({ blockMs, ...effort }) {
  const workers = [];
  for (let i = 0; i < WORKERS; i++) workers.push(await startWorker());
  try {
    const alone = () => workers[0].rate(blockMs);
    const together = async () => (await Promise.all(workers.map(({ rate }) => rate(blockMs)))).reduce((a, b) => a + b);
    const take = async (index) => {
      if (index % 2 === 0) return { one: await alone(), two: await together() };
      const two = await together();
      return { one: await alone(), two };
    };
    const { counted, quiet } = await collectRounds(take, effort);
    const speedups = counted.map(({ one, two }) => two / one);
    return {
      label: LABEL,
      oneMs: 1 / median(counted.map(({ one }) => one)),
      twoMs: 1 / median(counted.map(({ two }) => two)),
      speedup: median(speedups),
      speedupRange: range(speedups),
      rounds: counted.length,
      quiet,
    };
  } finally {
    for (const { stop } of workers) await stop();
  }
}
