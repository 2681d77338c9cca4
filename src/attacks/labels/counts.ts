// From numbers per class to a list of labels.

/**
 * Counts rounded so that they add up to `total`, negative ones taken for 0; where rounding alone does not add up, those that it moved least
 * give way (for counts that add up already: largest remainder).
 */
export function roundToSum(counts: ArrayLike<number>, total: number): number[] {
  const wanted = Array.from(counts, (count) => Math.max(0, count));
  const whole = wanted.map(Math.round);
  const surplus = () => whole.reduce((sum, count) => sum + count, 0) - total;
  const error = (c: number) => whole[c]! - wanted[c]!;
  while (surplus() !== 0) {
    const down = surplus() > 0;
    const candidates = whole.map((_, c) => c).filter((c) => !down || whole[c]! > 0);
    const pick = candidates.reduce((best, c) => ((down ? error(c) > error(best) : error(c) < error(best)) ? c : best));
    whole[pick]! += down ? -1 : 1;
  }
  return whole;
}

/** `counts[c]` labels of every class c, in order. */
export const labelsOf = (counts: readonly number[]): number[] =>
  counts.flatMap((count, label) => Array.from({ length: count }, () => label));

/** Classes by rising value, the first of equals first. */
export const byRising = (values: ArrayLike<number>): number[] =>
  Array.from(values, (_, c) => c).sort((a, b) => values[a]! - values[b]!);

/**
 * What LLG and E2EGI have in common: every class whose `sums` entry is negative is named once, lowest first, and `impact` added to it; then
 * the lowest class is named and `impact` added, until there are `count` labels. `offsets` are taken off before the second part.
 */
export function nameByImpact(sums: Float64Array, impact: number, count: number, offsets?: Float64Array): number[] {
  const left = sums.slice();
  const found = byRising(sums)
    .filter((c) => sums[c]! < 0)
    .slice(0, count);
  for (const c of found) left[c]! += impact;
  if (offsets) for (let c = 0; c < left.length; c++) left[c]! -= offsets[c]!;
  while (found.length < count) {
    const lowest = left.indexOf(Math.min(...left));
    found.push(lowest);
    left[lowest]! += impact;
  }
  return found;
}
