import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CaseSpec } from "../audit/case.js";
import type { JobProgress, Pool } from "../audit/interfaces.js";
import { createWorkerPool } from "./worker-pool.js";

// A stand-in for worker.ts that keeps to the same messages; the attack's id says how it behaves.
const thread = `
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export default async function ({ spec, gate, port }) {
  let aborted = Atomics.load(gate, 0) === 1;
  port.on("message", () => { aborted = true; });
  try {
    const behaviour = spec.attack.id;
    if (behaviour === "fails") throw new RangeError("expected a picture, got none");
    if (behaviour === "spins") for (;;);
    if (behaviour === "stays-in-runtime") {
      Atomics.add(gate, 1, 1);
      const end = Date.now() + 1500;
      while (Date.now() < end);
      Atomics.sub(gate, 1, 1);
      for (;;);
    }
    for (let iteration = 0; iteration < 5 || behaviour === "polite"; iteration++) {
      if (aborted) throw new Error("stopped by itself");
      port.postMessage({ iteration, total: 5, loss: 1 / (iteration + 1) });
      await sleep(5);
    }
    return { seconds: spec.seed };
  } finally {
    port.close();
  }
}`;

const spec = (id: string, seed = 0) => ({ attack: { id, options: {} }, seed }) as CaseSpec;
const never = new AbortController().signal;
const ignore = () => {};

let folder: string;
let worker: URL;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "leakscope-jobs-"));
  await writeFile(join(folder, "thread.mjs"), thread);
  worker = pathToFileURL(join(folder, "thread.mjs"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function withPool(size: number, use: (pool: Pool) => Promise<void>): Promise<void> {
  const pool = createWorkerPool({ size, worker });
  try {
    await use(pool);
  } finally {
    await pool.close();
  }
}

describe("createWorkerPool", () => {
  it("computes more cases than it has threads, with progress of each", () =>
    withPool(2, async (pool) => {
      const seen: JobProgress[][] = [[], [], [], [], []];
      const results = await Promise.all(
        seen.map((list, n) => pool.run(spec("counts", n), { signal: never, onProgress: (p) => list.push(p) })),
      );
      expect(results.map(({ seconds }) => seconds)).toEqual([0, 1, 2, 3, 4]);
      for (const list of seen) expect(list[0]).toEqual({ iteration: 0, total: 5, loss: 1 });
    }));

  it("passes a case's error on and stays usable", () =>
    withPool(1, async (pool) => {
      const failing = pool.run(spec("fails"), { signal: never, onProgress: ignore });
      await expect(failing).rejects.toThrow("expected a picture, got none");
      expect(await pool.run(spec("counts", 7), { signal: never, onProgress: ignore })).toEqual({ seconds: 7 });
    }));

  it.each(["polite", "spins", "stays-in-runtime"])("gives up an aborted case that %s within a second", (behaviour) =>
    withPool(1, async (pool) => {
      const controller = new AbortController();
      const options = { signal: controller.signal, onProgress: ignore };
      const running = pool.run(spec(behaviour), options);
      const queued = pool.run(spec(behaviour), options);
      const reason = new Error("Ctrl-C");
      let start = 0;
      setTimeout(() => {
        start = performance.now();
        controller.abort(reason);
      }, 300);
      await Promise.all([expect(running).rejects.toBe(reason), expect(queued).rejects.toBe(reason)]);
      expect(performance.now() - start).toBeLessThan(1000);
      if (behaviour === "polite") expect(performance.now() - start).toBeLessThan(300);
      await expect(pool.run(spec("counts"), options)).rejects.toBe(reason);
      // The freed place is usable again, once nothing blocks it.
      const later = { signal: never, onProgress: ignore };
      expect(await pool.run(spec("counts", 3), later)).toEqual({ seconds: 3 });
    }),
  );

  it("refuses a size below one", () => {
    expect(() => createWorkerPool({ size: 0, worker })).toThrow("expected at least 1 worker, got 0");
  });
});
