// Progress as plain lines, for logs and pipes: one for every job that starts or ends, and now and then one for those under way.
import type { AuditEvent } from "../audit/interfaces.js";
import { duration, figure } from "./table.js";
import { jobName, outcomeWord, shareDone, type TrackedJob, type Tracker } from "./tracker.js";

/** Seconds between two progress lines. */
const EVERY = 5;

const percent = (job: TrackedJob): string => `${Math.round(100 * shareDone(job))} %`;

/** Turns events into lines. `write` gets a whole line without its end; `now` is in milliseconds. */
export function createLines(tracker: Tracker, write: (line: string) => void, now: () => number = Date.now) {
  let lastProgress = now();
  const counted = (): string => {
    const jobs = [...tracker.jobs.values()];
    return `[${jobs.filter(({ state }) => state === "done").length}/${jobs.length}]`;
  };

  return (event: AuditEvent): void => {
    const job = tracker.take(event);
    if (event.type === "planned") {
      const refused = event.notApplicable > 0 ? `, ${event.notApplicable} of them not applicable` : "";
      write(`${event.cells} cells${refused}; ${event.jobs.length} jobs`);
    }
    if (!job) return;
    if (event.type === "started") write(`${counted()} ${jobName(job)}: started`);
    if (event.type === "finished") {
      write(
        `${counted()} ${jobName(job)}: ${outcomeWord(job)}, ${event.cached ? "known from before" : duration(event.seconds)}`,
      );
    }
    if (event.type === "progress" && now() - lastProgress >= 1000 * EVERY) {
      lastProgress = now();
      const running = [...tracker.jobs.values()].filter(({ state }) => state === "running");
      const each = running.map((one) => `${jobName(one)} ${percent(one)}, loss ${figure(one.losses.at(-1))}`);
      write(`${counted()} ${each.join("; ")}`);
    }
  };
}
