// A search from several starts. They begin in order, as many side by side as one run of the matching serves; when one ends, the next takes its
// place. What each finds does not depend on how many run beside it, but for rounding.
import { z } from "zod";
import type { Tensor } from "../../math/tensor.js";
import type { AttackContext } from "../define.js";
import { type Evaluate, sideBySide } from "./lanes.js";
import type { Matching } from "./matching.js";

/** The option by which attacks expose it. */
export const startsAtOnce = z
  .int()
  .min(1)
  .default(1)
  .describe(
    "starts searched side by side, in one graph over shared weights; a start finds the same but for rounding, which long " +
      "searches amplify. One by one is best where an early start succeeds: the others are then in vain",
  );

/** One start of a search. */
export interface Start {
  readonly index: number;
  readonly evaluate: Evaluate;
  /** False when an earlier start has ended the search, so that this one no longer counts: finish at once. */
  readonly isWanted: () => boolean;
  /** Tells how many of its iterations are done, and its lowest loss. Passed on while no start beside it has a lower one. */
  readonly report: (done: number, loss: number, image?: () => Tensor) => void;
}

export interface StartsOptions<Found> {
  readonly starts: number;
  /** Iterations of one start at most. */
  readonly iterations: number;
  readonly search: (start: Start) => Promise<Found>;
  /** Whether a start found what was looked for: later ones are not needed. */
  readonly isEnd: (found: Found) => boolean;
}

/**
 * What every start found, in order, up to the first that ends the search; `vain` are those after it that were under way. When time is out, no
 * further start begins. Throws what a search throws.
 */
export async function searchStarts<Found>(
  matching: Matching,
  { starts, iterations, search, isEnd }: StartsOptions<Found>,
  { outOfTime, progress }: AttackContext,
): Promise<{ found: Found[]; vain: Found[] }> {
  const results: Found[] = [];
  const under = new Map<number, { done: number; loss: number }>();
  let begun = 0;
  let wanted = starts;

  const report = (index: number, done: number, loss: number, image?: () => Tensor) => {
    under.set(index, { done, loss });
    const running = [...under.values()];
    if (running.some((other) => other.loss < loss)) return;
    const iteration = (begun - running.length) * iterations + running.reduce((sum, other) => sum + other.done, 0);
    progress({ iteration, total: starts * iterations, loss, ...(image ? { image: image() } : {}) });
  };

  const lane = async (evaluate: Evaluate) => {
    while (begun < wanted && (begun === 0 || !outOfTime())) {
      const index = begun++;
      under.set(index, { done: 0, loss: Number.POSITIVE_INFINITY });
      const found = await search({
        index,
        evaluate,
        isWanted: () => index < wanted,
        report: (done, loss, image) => report(index, done, loss, image),
      });
      under.delete(index);
      results[index] = found;
      if (isEnd(found)) wanted = Math.min(wanted, index + 1);
    }
  };
  await sideBySide(
    matching,
    Array.from({ length: Math.min(matching.restarts, starts) }, () => lane),
  );
  return { found: results.slice(0, wanted), vain: results.slice(wanted) };
}
