// What is known about a running audit, gathered from its events; grid and lines are drawn from it.
import type { AuditEvent, JobProgress, PlannedJob } from "../audit/interfaces.js";

export interface TrackedJob extends PlannedJob {
  state: "waiting" | "running" | "done";
  progress?: JobProgress;
  /** Every loss that was reported, in order. */
  readonly losses: number[];
  /** `leak`, `no leak` or `error`, as the audit told it. */
  outcome?: string;
  cached: boolean;
  /** How long it took, once done. */
  seconds: number;
  /** Milliseconds; when it left the queue. */
  startedAt: number;
}

export interface Tracker {
  readonly jobs: ReadonlyMap<string, TrackedJob>;
  readonly startedAt: number;
  /** The job that the event was about; null for the plan itself. */
  take(event: AuditEvent): TrackedJob | null;
}

/** Follows an audit that starts now; `now` gives milliseconds. */
export function createTracker(now: () => number = Date.now): Tracker {
  const jobs = new Map<string, TrackedJob>();
  const track = (job: PlannedJob): TrackedJob => {
    const tracked: TrackedJob = { ...job, state: "waiting", losses: [], cached: false, seconds: 0, startedAt: 0 };
    jobs.set(job.key, tracked);
    return tracked;
  };
  // Whether an attack needs its control on the user's own model shows only after the cells, so those jobs come unannounced.
  const find = (key: string): TrackedJob =>
    jobs.get(key) ?? track({ key, kind: "own-control", attack: "your model", defense: "none", threats: [] });

  return {
    jobs,
    startedAt: now(),
    take(event) {
      if (event.type === "planned") {
        for (const job of event.jobs) track(job);
        return null;
      }
      const job = find(event.key);
      if (event.type === "started") Object.assign(job, { state: "running", startedAt: now() });
      if (event.type === "progress") {
        job.progress = event.progress;
        if (Number.isFinite(event.progress.loss)) job.losses.push(event.progress.loss);
      }
      if (event.type === "finished") {
        Object.assign(job, { state: "done", outcome: event.outcome, cached: event.cached, seconds: event.seconds });
      }
      return job;
    },
  };
}

/** Done share of a job, 0 to 1. */
export function shareDone({ state, progress }: TrackedJob): number {
  if (state === "done") return 1;
  return progress && progress.total > 0 ? Math.min(1, progress.iteration / progress.total) : 0;
}

/** From this share on, a running job's own pace says how long it will take. */
const TELLING_SHARE = 0.02;

/** Seconds that a job took or, at its pace so far, will take; null where that cannot be said. */
function wholeSeconds(job: TrackedJob, now: number): number | null {
  if (job.state === "done") return job.cached ? null : job.seconds;
  const share = shareDone(job);
  return job.state === "running" && share >= TELLING_SHARE ? (now - job.startedAt) / 1000 / share : null;
}

/** Rough seconds to the end; null before anything can be said. Jobs of the same attack are taken to last alike. */
export function remainingSeconds(tracker: Tracker, workers: number, now: number): number | null {
  const jobs = [...tracker.jobs.values()];
  const known = jobs.flatMap((job) => {
    const seconds = wholeSeconds(job, now);
    return seconds === null ? [] : [{ attack: job.attack, seconds }];
  });
  if (known.length === 0) return null;
  const mean = (list: typeof known): number => list.reduce((sum, { seconds }) => sum + seconds, 0) / list.length;
  const expected = (job: TrackedJob): number => {
    const alike = known.filter(({ attack }) => attack === job.attack);
    return wholeSeconds(job, now) ?? mean(alike.length > 0 ? alike : known);
  };
  const unfinished = jobs.filter(({ state }) => state !== "done");
  return unfinished.reduce((sum, job) => sum + (1 - shareDone(job)) * expected(job), 0) / workers;
}

/** `dlg × top-k (A, B)`. */
export function jobName({ kind, attack, defense, threats }: PlannedJob): string {
  if (kind === "control") return `control of ${attack}`;
  if (kind === "own-control") return "control on your model";
  if (kind === "training") return defense === "none" ? "training without a defense" : `training with ${defense}`;
  return `${attack} × ${defense} (${threats.join(", ")})`;
}

/** A finished job's outcome in words: of a control, a leak is what one hopes for. Whether it passed its bar is the audit's to say. */
export function outcomeWord({ kind, outcome = "" }: TrackedJob): string {
  if (kind === "cell" || kind === "training" || outcome === "error") return outcome;
  return outcome === "leak" ? "leak, as a control should" : "no leak, but a control should";
}
