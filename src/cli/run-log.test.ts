import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openRunFolder } from "../store/run-folder.js";
import { createRunLog } from "./run-log.js";

it("tells plan, known jobs, progress once a second and every picture, and the end", async () => {
  const folder = await mkdtemp(join(tmpdir(), "leakscope-run-log-"));
  try {
    const run = await openRunFolder(join(folder, "run"));
    let time = 10_000;
    const log = createRunLog(run, () => time);
    const progress = (iteration: number, image?: string) =>
      log.onEvent({
        type: "progress",
        key: "k",
        progress: { iteration, total: 9, loss: 1 / iteration, ...(image ? { image } : {}) },
      });
    log.onEvent({ type: "planned", jobs: [], cells: 3, notApplicable: 1 });
    log.onEvent({ type: "finished", key: "old", seconds: 2, cached: true, outcome: "leak" });
    log.onEvent({ type: "finished", key: "new", seconds: 2, cached: false, outcome: "leak" });
    progress(1);
    progress(2);
    progress(3, `data:image/png;base64,${Buffer.from("png").toString("base64")}`);
    time += 1500;
    progress(4);
    const picture = () => readFile(join(run.path, "live", "k.png"), "utf8").catch(() => "");
    while ((await picture()) === "") await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await picture()).toBe("png");
    await log.end();
    const lines = (await readFile(join(run.path, "events.jsonl"), "utf8")).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line)).map(({ at: _, ...event }) => event)).toEqual([
      { type: "planned", jobs: [], cells: 3, notApplicable: 1 },
      { type: "known", key: "old", seconds: 2, outcome: "leak" },
      { type: "progress", key: "k", iteration: 1, total: 9, loss: 1 },
      { type: "progress", key: "k", iteration: 3, total: 9, loss: 1 / 3, picture: true },
      { type: "progress", key: "k", iteration: 4, total: 9, loss: 0.25 },
      { type: "ended" },
    ]);
    expect(await picture()).toBe("");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
