// A run in the worker: what it has told so far, and the last few runs to compare. Stopping ends the worker; a new one is opened at once.
import { computed, signal } from "@preact/signals";
import { type Choice, choice, OWN, own } from "./choice.js";
import { portraits } from "./portraits.js";
import type { Picture, PlayMessage, PlayRequest } from "./protocol.js";

type Told<Kind extends PlayMessage["kind"]> = Extract<PlayMessage, { kind: Kind }>;

export interface Run {
  readonly number: number;
  readonly choice: Choice;
  readonly original: Picture;
  /** Its class. */
  readonly truth: number;
  readonly update: Told<"update"> | null;
  readonly label: Told<"label"> | null;
  readonly progress: Told<"progress"> | null;
  /** Loss of each start, in the order in which they began. */
  readonly curves: readonly { readonly start: number; readonly points: { iteration: number; loss: number }[] }[];
  /** The same is played without the defense meanwhile. */
  readonly inControl: boolean;
  readonly done: Told<"done"> | null;
  readonly stopped: boolean;
  /** What went wrong. */
  readonly problem: string | null;
}

/** How often pictures and curves are drawn anew, in milliseconds: what computes needs the cores. */
const REDRAW = 120;
const MOST_RUNS = 6;

export const run = signal<Run | null>(null);
export const finished = signal<readonly Run[]>([]);
export const running = computed(() => {
  const now = run.value;
  return now !== null && now.done === null && !now.stopped && now.problem === null;
});
/** What computes, once it is ready. */
export const engine = signal<Told<"ready"> | null>(null);

/** What the chosen picture is: pixels, class and a name. */
export const chosen = computed(() => {
  const { picture } = choice.value;
  if (picture === OWN && own.value) return own.value;
  const number = Number.parseInt(picture, 10) || 0;
  return { ...portraits[number]!, name: `portrait ${number + 1}` };
});

let worker: Worker | null = null;
/** What arrived since the last redraw, folded into one state. */
let latest: Run | null = null;
let redraw: ReturnType<typeof setTimeout> | null = null;

/** Opens the worker, so that its files are there before the first run. */
export function openWorker(): Worker {
  if (worker) return worker;
  engine.value = null;
  worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }: MessageEvent<PlayMessage>) => hear(data);
  worker.onerror = (event) => {
    event.preventDefault();
    endRun({
      problem: `The engine could not be started: ${event.message || "its files are missing"}. Reload the page.`,
    });
  };
  return worker;
}

/** Plays the choice. A run under way is ended first. */
export function startRun(): void {
  if (running.value) stopRun();
  const { model, attack, defense, strength, seed } = choice.value;
  const { picture, label } = chosen.value;
  const number = (run.value?.number ?? 0) + 1;
  show({
    number,
    choice: choice.value,
    original: picture,
    truth: label,
    update: null,
    label: null,
    progress: null,
    curves: [],
    inControl: false,
    done: null,
    stopped: false,
    problem: null,
  });
  openWorker().postMessage({ picture, label, model, attack, defense, strength, seed } satisfies PlayRequest);
}

/** Ends the run under way. */
export function stopRun(): void {
  endRun({ stopped: true });
  openWorker();
}

function endRun(how: Partial<Pick<Run, "stopped" | "problem">>): void {
  worker?.terminate();
  worker = null;
  if (running.value) show({ ...latest!, ...how });
}

function show(next: Run): void {
  if (redraw !== null) clearTimeout(redraw);
  redraw = null;
  latest = next;
  run.value = next;
}

function showSoon(next: Run): void {
  latest = next;
  redraw ??= setTimeout(() => show(latest!), REDRAW);
}

function hear(message: PlayMessage): void {
  if (message.kind === "ready") engine.value = message;
  else if (latest) {
    const next = withMessage(latest, message);
    if (message.kind === "progress") showSoon(next);
    else show(next);
    if (message.kind === "done") finished.value = [...finished.value, next].slice(-MOST_RUNS);
  }
}

function withMessage(told: Run, message: Exclude<PlayMessage, Told<"ready">>): Run {
  switch (message.kind) {
    case "update":
      return { ...told, update: message };
    case "label":
      return { ...told, label: message };
    case "progress":
      return {
        ...told,
        progress: { ...message, picture: message.picture ?? told.progress?.picture ?? null },
        curves: withPoint(told.curves, message),
      };
    case "control":
      return { ...told, inControl: true };
    case "done":
      return { ...told, done: message };
    case "error":
      return { ...told, problem: message.message };
  }
}

/** Grows the curve in place: copying thousands of points at every iteration would slow what computes. */
function withPoint(curves: Run["curves"], { start, iteration, loss }: Told<"progress">): Run["curves"] {
  const curve = curves.find((each) => each.start === start);
  if (!curve) return [...curves, { start, points: [{ iteration, loss }] }];
  curve.points.push({ iteration, loss });
  return curves;
}
