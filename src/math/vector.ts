// The few operations on flat float64 vectors that the optimisers spend their time in. Lengths must agree; no checks.

/** The inner product of `a` and `b`. */
export function dot(a: Float64Array, b: Float64Array): number {
  // Four partial sums, because one alone waits for each addition: twice as fast, and rounding grows more slowly.
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  const whole = a.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    s0 += a[i]! * b[i]!;
    s1 += a[i + 1]! * b[i + 1]!;
    s2 += a[i + 2]! * b[i + 2]!;
    s3 += a[i + 3]! * b[i + 3]!;
  }
  for (let i = whole; i < a.length; i++) s0 += a[i]! * b[i]!;
  return s0 + s1 + (s2 + s3);
}

/** `y += factor * x`, in place. */
export function addScaled(y: Float64Array, factor: number, x: Float64Array): void {
  for (let i = 0; i < y.length; i++) y[i]! += factor * x[i]!;
}

/** The largest absolute entry, 0 for an empty vector; NaN if any entry is NaN. */
export function maxAbs(a: Float64Array): number {
  let max = 0;
  for (let i = 0; i < a.length; i++) {
    const size = Math.abs(a[i]!);
    if (size > max) max = size;
    else if (Number.isNaN(size)) return Number.NaN;
  }
  return max;
}

/** The sum of the absolute entries. */
export function sumAbs(a: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]!);
  return sum;
}
