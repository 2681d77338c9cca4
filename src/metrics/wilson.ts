// Wilson's score interval for a share of hits (Wilson 1927): still honest at 0 or n hits and for few pictures.

/** Two-sided 95 % quantile of the standard normal distribution. */
const Z = 1.959963984540054;

/**
 * The 95 % interval of the true share when `hits` of `n` trials succeeded; both ends in [0, 1].
 * No trials know nothing: [0, 1]. Throws RangeError unless 0 <= hits <= n are whole numbers.
 */
export function wilson(hits: number, n: number): { low: number; high: number } {
  if (!Number.isInteger(hits) || !Number.isInteger(n) || hits < 0 || hits > n) {
    throw new RangeError(`wilson expects whole numbers 0 <= hits <= n, got ${hits} hits of ${n}`);
  }
  if (n === 0) return { low: 0, high: 1 };
  const share = hits / n;
  const centre = share + (Z * Z) / (2 * n);
  const margin = Z * Math.sqrt((share * (1 - share)) / n + (Z * Z) / (4 * n * n));
  const scale = 1 + (Z * Z) / n;
  return { low: hits === 0 ? 0 : (centre - margin) / scale, high: hits === n ? 1 : (centre + margin) / scale };
}
