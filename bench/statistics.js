// Medians, and a block of timed steps.

/** Median of a list that is not empty. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** [smallest, largest]. */
export const range = (values) => [Math.min(...values), Math.max(...values)];

/** Runs `step` for at least `ms` milliseconds and three times; returns the median time of one step in ms. */
export async function timedBlock(step, ms) {
  const times = [];
  const end = performance.now() + ms;
  while (times.length < 3 || performance.now() < end) {
    const start = performance.now();
    await step();
    times.push(performance.now() - start);
  }
  return median(times);
}
