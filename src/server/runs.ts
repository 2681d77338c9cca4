// The runs that a page may look at: the folders of runs under one folder, or a single run.
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { readLines } from "./event-stream.js";

export interface ServedRun {
  /** Name of its folder. */
  readonly id: string;
  readonly path: string;
}

export interface ServedRuns {
  /** What is served, for people. */
  readonly root: string;
  /** Newest first. */
  list(): Promise<readonly ServedRun[]>;
  /** The run of that id; undefined for any text that is none. */
  find(id: string): Promise<ServedRun | undefined>;
}

const isRun = (path: string): Promise<boolean> =>
  stat(join(path, "config.yaml")).then(
    (entry) => entry.isFile(),
    () => false,
  );

/** The run in `folder`, where it is a run itself, else all runs in it. */
export async function serveRuns(folder: string): Promise<ServedRuns> {
  const root = resolve(folder);
  const single = (await isRun(root)) ? { id: basename(root), path: root } : null;
  const list = async (): Promise<readonly ServedRun[]> => {
    if (single) return [single];
    const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
    const runs = entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => ({ id: name, path: join(root, name) }));
    const valid = await Promise.all(runs.map(({ path }) => isRun(path)));
    return runs.filter((_, i) => valid[i]).sort((a, b) => (a.id < b.id ? 1 : -1));
  };
  return {
    root: single ? dirname(root) : root,
    list,
    find: async (id) => (await list()).find((run) => run.id === id),
  };
}

/** A run in one line of the list of runs. */
export interface RunLine {
  readonly id: string;
  /** ISO 8601 of its last event. */
  readonly changedAt: string | null;
  readonly state: "running" | "ended" | "stopped";
  readonly jobs: number;
  readonly done: number;
}

/** After that long without an event, a run that did not say its end is taken for stopped. */
const SILENT_MS = 60_000;

/** What the event log of a run says of it. */
export async function describeRun({ id, path }: ServedRun, now: number = Date.now()): Promise<RunLine> {
  const lines = await readLines(join(path, "events.jsonl"), 0);
  const done = new Set<string>();
  let [jobs, ended, changedAt]: [number, boolean, string | null] = [0, false, null];
  for (const { text } of lines) {
    const event = readEvent(text);
    if (!event) continue;
    changedAt = event.at ?? changedAt;
    if (event.type === "planned") [jobs, ended] = [event.jobs?.length ?? 0, false];
    if (["finished", "failed", "known"].includes(event.type)) done.add(event.key ?? "");
    if (event.type === "ended") ended = true;
  }
  const silent = changedAt === null || now - Date.parse(changedAt) > SILENT_MS;
  // Runs of before the log told the plan have ended when they hold an audit.
  const finished = ended || (jobs === 0 && (await readFile(join(path, "audit.json")).then(Boolean, () => false)));
  return { id, changedAt, state: finished ? "ended" : silent ? "stopped" : "running", jobs, done: done.size };
}

interface LoggedEvent {
  readonly type: string;
  readonly at?: string;
  readonly key?: string;
  readonly jobs?: readonly unknown[];
}

function readEvent(text: string): LoggedEvent | null {
  try {
    const event = JSON.parse(text) as LoggedEvent | null;
    return typeof event?.type === "string" ? event : null;
  } catch {
    return null;
  }
}
