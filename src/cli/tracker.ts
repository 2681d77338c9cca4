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
  seconds: number;
}

export interface Tracker {
  readonly jobs: ReadonlyMap<string, TrackedJob>;
  readonly startedAt: number;
  /** The job that the event was about; null for the plan itself. */
  take(event: AuditEvent): TrackedJob | null;
}

/** Follows an audit that starts at `startedAt` (milliseconds). */
export function createTracker(startedAt: number): Tracker {
  const jobs = new Map<string, TrackedJob>();
  const track = (job: PlannedJob): TrackedJob => {
    const tracked: TrackedJob = { ...job, state: "waiting", losses: [], cached: false, seconds: 0 };
    jobs.set(job.key, tracked);
    return tracked;
  };
  // Whether an attack needs its control on the user's own model shows only after the cells, so those jobs come unannounced.
  const find = (key: string): TrackedJob =>
    jobs.get(key) ?? track({ key, kind: "own-control", attack: "your model", defense: "none", threats: [] });

  return {
    jobs,
    startedAt,
    take(event) {
      if (event.type === "planned") {
        for (const job of event.jobs) track(job);
        return null;
      }
      const job = find(event.key);
      if (event.type === "started") job.state = "running";
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

/** Rough seconds to the end; null before anything can be said. Jobs of the same attack are taken to last alike. */
export function remainingSeconds(tracker: Tracker, workers: number): number | null {
  const all = [...tracker.jobs.values()];
  const computed = all.filter(({ state, cached }) => state === "done" && !cached);
  if (computed.length === 0) return null;
  const mean = (jobs: readonly TrackedJob[]) => jobs.reduce((sum, { seconds }) => sum + seconds, 0) / jobs.length;
  const overall = mean(computed);
  const left = all.reduce((sum, job) => {
    const alike = computed.filter(({ attack }) => attack === job.attack);
    return sum + (1 - shareDone(job)) * (alike.length > 0 ? mean(alike) : overall);
  }, 0);
  return left / workers;
}

/** `dlg × top-k (A, B)`. */
export function jobName({ kind, attack, defense, threats }: PlannedJob): string {
  if (kind === "control") return `control of ${attack}`;
  if (kind === "own-control") return "control on your model";
  return `${attack} × ${defense} (${threats.join(", ")})`;
}

/** A finished job's outcome in words: of a control, a leak is what one hopes for. Whether it passed its bar is the audit's to say. */
export function outcomeWord({ kind, outcome = "" }: TrackedJob): string {
  if (kind === "cell" || outcome === "error") return outcome;
  return outcome === "leak" ? "leak, as a control should" : "no leak, but a control should";
}
