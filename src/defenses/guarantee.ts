// A guarantee of differential privacy in words, from what the accountant counts (math/renyi.ts).
import { epsilonOf, type Mechanism } from "../math/renyi.js";
import type { Guarantee } from "./define.js";

interface Claim {
  readonly unit: Guarantee["unit"];
  readonly delta: number;
  readonly mechanism: Mechanism;
  /** What the steps are, as in "10 rounds". */
  readonly steps: string;
  /** What else it rests on, as the rest of a sentence. */
  readonly provided: string;
}

/** Throws RangeError on numbers that the accountant refuses. */
export function guarantee({ unit, delta, mechanism, steps, provided }: Claim): Guarantee {
  const epsilon = epsilonOf([mechanism], delta);
  const bound = Number.isFinite(epsilon) ? `ε = ${Number(epsilon.toPrecision(4))}` : "ε is infinite (no noise)";
  return {
    unit,
    delta,
    epsilon: Number.isFinite(epsilon) ? epsilon : null,
    text: `differential privacy of a ${unit}: ${bound} at δ = ${delta} after ${steps}, by Rényi accounting; ${provided}`,
  };
}
