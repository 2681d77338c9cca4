// One job with its progress on stderr and with Ctrl-C, for verbs that run one thing.
import type { JobProgress, PlannedJob } from "../audit/interfaces.js";
import { catchInterrupt } from "./interrupt.js";
import { canRedraw, createLive } from "./live.js";

export interface LiveTools {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: JobProgress) => void;
}

/** Runs `work`; `told` says how it ended. Throws InterruptedError when the user stopped it. */
export async function runLive<Result extends { readonly seconds: number }>(
  job: Omit<PlannedJob, "kind">,
  color: boolean,
  work: (tools: LiveTools) => Promise<Result>,
  told: (result: Result) => string,
): Promise<Result> {
  const { key } = job;
  const live = createLive({ stream: process.stderr, workers: 1, grid: color && canRedraw(process.stderr) });
  const interrupt = catchInterrupt(() => live.say("Stopping. Ctrl-C again ends at once."));
  live.onEvent({ type: "planned", jobs: [{ ...job, kind: "cell" }], cells: 1, notApplicable: 0 });
  live.onEvent({ type: "started", key });
  try {
    const result = await work({
      signal: interrupt.signal,
      onProgress: (progress) => live.onEvent({ type: "progress", key, progress }),
    });
    live.onEvent({ type: "finished", key, seconds: result.seconds, cached: false, outcome: told(result) });
    return result;
  } catch (error) {
    throw interrupt.signal.aborted ? interrupt.signal.reason : error;
  } finally {
    live.stop();
    interrupt.release();
  }
}
