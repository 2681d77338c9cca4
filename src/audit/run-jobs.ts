// Runs cases and trainings side by side on a pool, those that the store knows excepted, and tells what becomes of each.
import type { CaseResult } from "./case.js";
import type { Outcome } from "./cell.js";
import type { AuditEvent, Pool, RunOptions, Store } from "./interfaces.js";
import type { PlannedCase, PlannedTraining } from "./plan.js";
import type { TrainingResult } from "./training.js";
import { lastAccuracy, type TrainingOutcomes } from "./utility.js";

/** What cases and trainings are run with. */
export interface JobTools {
  readonly store: Store;
  readonly pool: Pool;
  readonly signal: AbortSignal;
  readonly onEvent: (event: AuditEvent) => void;
}

/** Runs cases side by side, those that the store knows excepted, until they are done or the signal is aborted. */
export async function runCases(
  cases: readonly PlannedCase[],
  outcomes: Map<string, Outcome>,
  tools: JobTools,
): Promise<void> {
  await work(
    cases.map((planned) => () => addCase(planned, outcomes, tools)),
    tools,
  );
}

/** As many side by side as the pool takes; none is begun once the signal is aborted. */
export async function work(tasks: readonly (() => Promise<void>)[], { pool, signal }: JobTools): Promise<void> {
  const queue = [...tasks];
  const next = async () => {
    for (let task = queue.shift(); task && !signal.aborted; task = queue.shift()) await task();
  };
  await Promise.all(Array.from({ length: pool.size }, next));
}

export async function addCase(
  { key, spec }: PlannedCase,
  outcomes: Map<string, Outcome>,
  tools: JobTools,
): Promise<void> {
  const { store, pool } = tools;
  const outcome = await runJob<CaseResult>(key, tools, {
    started: { attack: spec.attack.id, defense: spec.defense?.id ?? "none" },
    read: () => store.read(key),
    run: (options) => pool.run(spec, options),
    write: (result) => store.write(key, spec, result),
    told: ({ images }) => (images.some(({ leaked }) => leaked) ? "leak" : "no leak"),
  });
  if (outcome) outcomes.set(key, outcome);
}

export async function addTraining(
  { key, spec }: PlannedTraining,
  trained: TrainingOutcomes,
  tools: JobTools,
): Promise<void> {
  const { store, pool } = tools;
  const outcome = await runJob<TrainingResult>(key, tools, {
    started: { training: true, defense: spec.defense?.id ?? "none" },
    read: () => store.readTraining(key),
    run: (options) => pool.train(spec, options),
    write: (result) => store.writeTraining(key, spec, result),
    told: (result) => `accuracy ${Math.round(100 * lastAccuracy(result))} %`,
  });
  if (outcome) trained.set(key, outcome.result);
}

/** What is done with a case or a training, known or not. */
interface Job<Result> {
  readonly started: Readonly<Record<string, unknown>>;
  read(): Promise<Result | null>;
  run(options: RunOptions): Promise<Result>;
  write(result: Result): Promise<void>;
  /** A result in a word or two. */
  told(result: Result): string;
}

async function runJob<Result extends { readonly seconds: number }>(
  key: string,
  { store, signal, onEvent }: JobTools,
  { started: about, read, run, write, told }: Job<Result>,
): Promise<{ readonly result: Result | Error; readonly cached: boolean } | null> {
  const started = Date.now();
  const finish = <Each extends Result | Error>(result: Each, cached: boolean, outcome: string) => {
    onEvent({ type: "finished", key, seconds: (Date.now() - started) / 1000, cached, outcome });
    return { result, cached };
  };
  const known = await read();
  if (known) return finish(known, true, told(known));
  onEvent({ type: "started", key });
  await store.log({ type: "started", key, ...about });
  try {
    const result = await run({ signal, onProgress: (progress) => onEvent({ type: "progress", key, progress }) });
    await write(result);
    await store.log({ type: "finished", key, seconds: result.seconds, outcome: told(result) });
    return finish(result, false, told(result));
  } catch (error) {
    if (signal.aborted) return null;
    const failure = error instanceof Error ? error : new Error(String(error));
    await store.log({ type: "failed", key, message: failure.message });
    return finish(failure, false, "error");
  }
}
