// What a page that follows a run needs to know, written into the run folder: the plan, how far the running jobs are, their best picture so far.
// Started, finished and failed jobs are the audit's own lines in the same log.
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { AuditEvent } from "../audit/interfaces.js";
import type { RunFolder } from "../store/run-folder.js";

/** A job tells its progress no more often than this. */
const PROGRESS_MS = 1000;

export interface RunLog {
  readonly onEvent: (event: AuditEvent) => void;
  /** Resolves when everything is written, and the pictures of running jobs are gone. Rejects with the first error of the file system. */
  end(): Promise<void>;
}

/** Follows one audit into `run`. `now` gives milliseconds. */
export function createRunLog(run: RunFolder, now: () => number = Date.now): RunLog {
  const told = new Map<string, number>();
  const live = join(run.path, "live");
  let pending: Promise<unknown> = mkdir(live, { recursive: true });
  const then = (work: () => Promise<unknown>): void => {
    pending = pending.then(work);
    // Told by end().
    pending.catch(() => {});
  };
  return {
    onEvent(event) {
      if (event.type === "planned") {
        const { jobs, cells, notApplicable } = event;
        then(() => run.log({ type: "planned", jobs, cells, notApplicable }));
      }
      if (event.type === "finished" && event.cached) {
        const { key, seconds, outcome } = event;
        then(() => run.log({ type: "known", key, seconds, outcome }));
      }
      if (event.type !== "progress") return;
      const { key, progress } = event;
      const { image, ...figures } = progress;
      if (!image && now() - (told.get(key) ?? 0) < PROGRESS_MS) return;
      told.set(key, now());
      then(async () => {
        if (image) await run.save(`live/${key}.png`, Buffer.from(image.slice(image.indexOf(",") + 1), "base64"));
        await run.log({ type: "progress", key, ...figures, ...(image ? { picture: true } : {}) });
      });
    },
    async end() {
      await pending;
      await run.log({ type: "ended" });
      // From here on, audit.json holds the pictures that the report's policy allows.
      await rm(live, { recursive: true, force: true });
    },
  };
}
