// A pool that computes in this thread, one case after the other: for tests and single attacks.
import type { CaseResult, CaseSpec } from "../audit/case.js";
import type { JobProgress, Pool } from "../audit/interfaces.js";

export type Evaluate = (
  spec: CaseSpec,
  tools: { readonly signal: AbortSignal; readonly onProgress: (progress: JobProgress) => void },
) => Promise<CaseResult>;

/** `evaluate` must keep an eye on the signal itself; a case whose turn comes after the abort is not begun. */
export function createInlinePool(evaluate: Evaluate): Pool {
  let last: Promise<unknown> = Promise.resolve();
  return {
    size: 1,
    run(spec, { signal, onProgress }) {
      const result = last.then(() => {
        signal.throwIfAborted();
        return evaluate(spec, { signal, onProgress });
      });
      last = result.catch(() => {});
      return result;
    },
    async close() {
      await last;
    },
  };
}
