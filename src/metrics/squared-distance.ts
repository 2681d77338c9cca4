// Squared Euclidean distance with an early end: the inner loop of every search through a gallery.

/** Entries between two looks at the partial sum: rarely enough to stay in a tight loop, often enough to leave early. */
const STRIDE = 64;

/** Σ (a - b)² in float64; where it is above `bound`, some number above `bound`. Throws RangeError when the lengths differ. */
export function squaredDistance(
  a: Float32Array | Float64Array,
  b: Float32Array | Uint8Array,
  bound = Number.POSITIVE_INFINITY,
): number {
  if (a.length !== b.length)
    throw new RangeError(`expected as many numbers as on the left, ${a.length}, got ${b.length}`);
  let sum = 0;
  for (let start = 0; start < a.length && sum <= bound; start += STRIDE) {
    const end = Math.min(start + STRIDE, a.length);
    for (let i = start; i < end; i++) {
      const difference = a[i]! - b[i]!;
      sum += difference * difference;
    }
  }
  return sum;
}
