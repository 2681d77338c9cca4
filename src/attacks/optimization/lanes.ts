// Searches side by side on one matching: each keeps its own optimiser and asks for evaluations as if it were alone. A request waits until every
// search that still runs has one (line searches ask at different times); then one run of the graph serves them all.
import type { FloatArray } from "../../math/tensor.js";
import type { Candidate, Matching, MatchingStep } from "./matching.js";

/** A search's way to `Matching.evaluate`. `images` and `labels` must stay as they are until the answer comes. */
export type Evaluate = (images: FloatArray, labels: FloatArray) => Promise<MatchingStep>;

interface Request extends Candidate {
  readonly lane: number;
  readonly resolve: (step: MatchingStep) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Runs all `searches` to their ends, at most `matching.restarts` of them. Where one fails, the others fail at their next request; the first
 * failure is thrown when all have ended. Throws RangeError for more searches than a run can serve.
 */
export async function sideBySide(
  matching: Matching,
  searches: readonly ((evaluate: Evaluate) => Promise<void>)[],
): Promise<void> {
  if (searches.length > matching.restarts) {
    throw new RangeError(`the matching serves ${matching.restarts} searches side by side, got ${searches.length}`);
  }
  let running = searches.length;
  let requests: Request[] = [];
  let failure: { readonly reason: unknown } | null = null;

  async function serveWhenAllAsk(): Promise<void> {
    if (requests.length < running || requests.length === 0) return;
    // By lane, so that a search keeps its place in the graph whatever the order of asking.
    const served = requests.sort((a, b) => a.lane - b.lane);
    requests = [];
    try {
      const steps = await matching.evaluateAll(served);
      served.forEach(({ resolve }, position) => {
        resolve(steps[position]!);
      });
    } catch (reason) {
      for (const { reject } of served) reject(reason);
    }
  }

  function fail(reason: unknown): void {
    failure ??= { reason };
    for (const { reject } of requests) reject(failure.reason);
    requests = [];
  }

  const lanes = searches.map(async (search, lane) => {
    try {
      await search((images, labels) => {
        if (failure) return Promise.reject(failure.reason);
        return new Promise((resolve, reject) => {
          requests.push({ images, labels, lane, resolve, reject });
          void serveWhenAllAsk();
        });
      });
    } catch (reason) {
      fail(reason);
    } finally {
      running--;
      void serveWhenAllAsk();
    }
  });
  await Promise.all(lanes);
  if (failure) throw (failure as { readonly reason: unknown }).reason;
}
