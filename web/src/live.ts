// A run that `leakscope view` serves: its audit as far as it has come, and its events. The server sends every event again from where a lost
// connection stopped, so that what stands here is always the whole story.
import { computed, signal } from "@preact/signals";
import type { AuditJson } from "../../src/audit/audit-json.js";
import { parseAudit } from "../../src/report/json.js";
import { type RunState, tellUnfinished } from "../../src/report/unfinished.js";
import { withholdPictures } from "../../src/report/visible-pictures.js";
import { showAudit } from "./state.js";

/** A run as the list of runs tells it. */
export interface RunLine {
  readonly id: string;
  readonly changedAt: string | null;
  readonly state: RunState;
  readonly jobs: number;
  readonly done: number;
}

export interface LiveJob {
  readonly key: string;
  readonly kind: string;
  readonly attack: string;
  readonly defense: string;
  readonly threats: readonly string[];
  readonly state: "waiting" | "running" | "done";
  readonly outcome?: string;
  readonly iteration?: number;
  readonly total?: number;
  readonly losses: readonly number[];
  /** Address of the best reconstruction so far. */
  readonly picture?: string;
}

type LoggedEvent = {
  readonly type: string;
  readonly key?: string;
  readonly jobs?: readonly LiveJob[];
  readonly iteration?: number;
  readonly total?: number;
  readonly loss?: number;
  readonly picture?: true;
  readonly outcome?: string;
};

/** Whether a server of ours gave this page. */
export const served = location.protocol.startsWith("http");
/** The run of the address, `/?run=…`; null for the list of runs. */
export const runId = new URLSearchParams(location.search).get("run");
export const runs = signal<readonly RunLine[] | null>(null);
/** Why nothing can be shown; empty where all is well. */
export const problem = signal("");
export const connected = signal(false);
/** What is known of the run; `stopped` is one that has been silent for long without saying its end. */
export const state = signal<RunState>("ended");
const jobs = signal<ReadonlyMap<string, LiveJob>>(new Map());

export const running = computed(() => [...jobs.value.values()].filter(({ state }) => state === "running"));
export const progress = computed(() => {
  const all = [...jobs.value.values()];
  return { done: all.filter(({ state }) => state === "done").length, jobs: all.length };
});

const base = () => `/api/runs/${encodeURIComponent(runId ?? "")}`;

const unknownJob = (key: string): LiveJob => ({
  ...{ key, kind: "own-control", attack: "control on your model", defense: "none", threats: [] },
  ...{ state: "waiting", losses: [] },
});

/** What a job is after an event about it. */
function after(job: LiveJob, event: LoggedEvent): LiveJob {
  if (event.type === "started") return { ...job, state: "running" };
  if (event.type === "failed") return { ...job, state: "done", outcome: "error" };
  if (event.type === "finished" || event.type === "known") {
    return { ...job, state: "done", ...(event.outcome === undefined ? {} : { outcome: event.outcome }) };
  }
  if (event.type !== "progress") return job;
  return {
    ...job,
    state: "running",
    ...(event.iteration === undefined ? {} : { iteration: event.iteration }),
    ...(event.total === undefined ? {} : { total: event.total }),
    losses: typeof event.loss === "number" ? [...job.losses, event.loss].slice(-400) : job.losses,
    ...(event.picture ? { picture: `${base()}/live/${job.key}?iteration=${event.iteration}` } : {}),
  };
}

function take(event: LoggedEvent): void {
  if (event.type === "planned") {
    jobs.value = new Map(event.jobs?.map((job) => [job.key, { ...job, state: "waiting", losses: [] }]));
    state.value = "running";
  }
  if (event.type === "ended") state.value = "ended";
  if (event.type === "saved" || event.type === "ended" || event.type === "planned") reload();
  const { key } = event;
  if (key === undefined) return;
  jobs.value = new Map(jobs.value).set(key, after(jobs.value.get(key) ?? unknownJob(key), event));
}

const RELOAD_MS = 300;
let due: ReturnType<typeof setTimeout> | undefined;

let latest: AuditJson | null = null;

const show = () => latest && showAudit(withholdPictures(tellUnfinished(latest, state.value)));

/** Shows the audit of the run anew, a moment after the last reason to. */
function reload(): void {
  clearTimeout(due);
  due = setTimeout(async () => {
    try {
      const answer = await fetch(`${base()}/audit.json`);
      if (answer.status === 204) return;
      latest = parseAudit(await answer.text(), "audit.json");
      show();
      problem.value = "";
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error);
    }
  }, RELOAD_MS);
}

const listRuns = async () => (await (await fetch("/api/runs")).json()) as RunLine[];

const WATCH_MS = 10_000;
const FIRST_WATCH_MS = 1000;

/** Events tell that a run goes on, not that its process is gone: the list of runs knows by their silence. */
async function watch(): Promise<void> {
  const line = (await listRuns().catch(() => [])).find(({ id }) => id === runId);
  // Its own events have said the end before the list could.
  if (line && state.value !== "ended" && state.value !== line.state) {
    state.value = line.state;
    show();
  }
  if (line?.state !== "ended") setTimeout(watch, WATCH_MS);
}

/** Follows the run of the address, or lists the runs. */
export async function startLive(): Promise<void> {
  if (runId === null) {
    try {
      runs.value = await listRuns();
    } catch (error) {
      problem.value = `the server does not answer: ${error instanceof Error ? error.message : String(error)}`;
    }
    return;
  }
  reload();
  follow();
  setTimeout(watch, FIRST_WATCH_MS);
}

const RETRY_MS = 2000;

function follow(): void {
  const source = new EventSource(`${base()}/events`);
  source.onopen = () => {
    connected.value = true;
  };
  source.onerror = () => {
    connected.value = false;
    // A browser gives up where the server answers with an error; the events then come again from the start.
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, RETRY_MS);
  };
  source.onmessage = ({ data }) => take(JSON.parse(data as string) as LoggedEvent);
}
