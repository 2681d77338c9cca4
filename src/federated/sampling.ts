// Who takes part in a round (hook S0 of spec/defenses.md 0.1): everybody, a fixed number, or each client by itself with a probability
// (Poisson sampling, which the accounting of differential privacy takes for granted).
import type { Random } from "../math/random.js";
import type { ClientId } from "./hooks.js";

export type CohortRule =
  | { readonly kind: "all" }
  | { readonly kind: "fixed"; readonly size: number }
  | { readonly kind: "poisson"; readonly probability: number };

/** Throws RangeError on a size that is no whole number of 1 or more, or on a probability outside (0, 1]. */
export function checkCohort(rule: CohortRule): void {
  if (rule.kind === "fixed" && !(Number.isInteger(rule.size) && rule.size >= 1)) {
    throw new RangeError(`a cohort's size is a whole number of 1 or more, got ${rule.size}`);
  }
  if (rule.kind === "poisson" && !(rule.probability > 0 && rule.probability <= 1)) {
    throw new RangeError(`Poisson sampling takes a probability above 0 and up to 1, got ${rule.probability}`);
  }
}

/**
 * The cohort of one round, in the order of `pool`. Fixed size: drawn without replacement. Poisson: may be empty. Throws RangeError when
 * the pool is smaller than a fixed size.
 */
export function sampleCohort(rule: CohortRule, pool: readonly ClientId[], random: Random): ClientId[] {
  checkCohort(rule);
  if (rule.kind === "all") return [...pool];
  if (rule.kind === "poisson") return pool.filter(() => random.uniform() < rule.probability);
  if (rule.size > pool.length) {
    throw new RangeError(`a cohort of ${rule.size} was asked for, but there are ${pool.length} clients`);
  }
  const chosen = new Set(random.shuffle(pool).slice(0, rule.size));
  return pool.filter((client) => chosen.has(client));
}
