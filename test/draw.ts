// Numbers for tests that another program, or another process, draws too.

/** `size` numbers in [-scale, scale), the same as `draw` of record.py gives. */
export function draw(seed: number, size: number, scale = 1): Float64Array {
  const start = Math.imul(seed, 0x9e3779b9);
  const values = new Float64Array(size);
  for (let position = 0; position < size; position++) {
    let h = (start + position) | 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
    values[position] = Math.fround(((h >>> 8) / 2 ** 23 - 1) * scale);
  }
  return values;
}
