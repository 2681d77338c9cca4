// Symmetric Dirichlet draws by gamma variables: Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables" (2000). In logarithms,
// since for small concentrations nearly all gamma variables are below the smallest float64.
import type { Random } from "./random.js";

/** Logarithm of a gamma variable of that shape (> 0) and scale 1. */
function logGammaVariable(random: Random, shape: number): number {
  // Gamma(a) = Gamma(a + 1) · U^(1/a), for a < 1, where the method itself does not hold.
  if (shape < 1) return logGammaVariable(random, shape + 1) + Math.log(1 - random.uniform()) / shape;
  const d = shape - 1 / 3;
  for (;;) {
    const z = random.normal();
    const v = (1 + z / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - random.uniform()) < (z * z) / 2 + d * (1 - v + Math.log(v))) return Math.log(d * v);
  }
}

/** `count` shares that add up to 1; the smaller `concentration`, the more uneven. Throws RangeError unless both are positive. */
export function drawDirichlet(random: Random, concentration: number, count: number): Float64Array {
  if (!(concentration > 0 && Number.isFinite(concentration)) || !(Number.isInteger(count) && count >= 1)) {
    throw new RangeError(
      `a Dirichlet draw takes a concentration above 0 and 1 share or more, got ${concentration}, ${count}`,
    );
  }
  const logs = Float64Array.from({ length: count }, () => logGammaVariable(random, concentration));
  const largest = Math.max(...logs);
  const shares = logs.map((value) => Math.exp(value - largest));
  const total = shares.reduce((sum, share) => sum + share, 0);
  return shares.map((share) => share / total);
}
