// Rank correlation of paired figures: Spearman's rho with mean ranks for ties (1904) and Kendall's tau-b (1945). They
// ask whether one figure orders cases as the other does, whatever the scales.

/** Ranks from 1; equal values share the mean of their places. */
export function meanRanks(values: readonly number[]): number[] {
  const order = values.map((_, index) => index).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && values[order[to + 1]!] === values[order[from]!]) to++;
    for (let place = from; place <= to; place++) ranks[order[place]!] = (from + to) / 2 + 1;
    from = to + 1;
  }
  return ranks;
}

function requirePairs(name: string, a: readonly number[], b: readonly number[]): void {
  if (a.length !== b.length) throw new RangeError(`${name} needs pairs, got ${a.length} and ${b.length} values`);
  const wrong = [...a, ...b].find((value) => Number.isNaN(value));
  if (wrong !== undefined) throw new RangeError(`${name} cannot rank NaN; leave such pairs out`);
}

/**
 * Spearman's rho of pairs (a[i], b[i]), in [-1, 1]; null where it is undefined: fewer than two pairs, or all values of
 * one side equal. Throws RangeError on unequal lengths and NaN; infinite values have ranks like others.
 */
export function spearman(a: readonly number[], b: readonly number[]): number | null {
  requirePairs("spearman", a, b);
  const [x, y] = [meanRanks(a), meanRanks(b)];
  const middle = (a.length + 1) / 2;
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [x[i]! - middle, y[i]! - middle];
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xx === 0 || yy === 0 ? null : xy / Math.sqrt(xx * yy);
}

/**
 * Kendall's tau-b of pairs: (concordant - discordant) over the geometric mean of the pairs that each side does not tie,
 * in [-1, 1]; null and errors as `spearman`. Quadratic in the number of pairs.
 */
export function kendall(a: readonly number[], b: readonly number[]): number | null {
  requirePairs("kendall", a, b);
  let [surplus, untiedA, untiedB] = [0, 0, 0];
  const order = (p: number, q: number) => (p === q ? 0 : p < q ? -1 : 1);
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < i; j++) {
      const [x, y] = [order(a[i]!, a[j]!), order(b[i]!, b[j]!)];
      surplus += x * y;
      untiedA += x * x;
      untiedB += y * y;
    }
  }
  return untiedA === 0 || untiedB === 0 ? null : surplus / Math.sqrt(untiedA * untiedB);
}
