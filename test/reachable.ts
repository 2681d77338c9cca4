// What can be reached from a value: for tests that no adversary is handed a way to the truth.

/** Every object that can be reached through fields, maps and arrays. */
export function reachable(start: unknown): unknown[] {
  const seen = new Set<unknown>();
  const open = [start];
  while (open.length > 0) {
    const held = open.pop();
    if (typeof held !== "object" || held === null || seen.has(held)) continue;
    seen.add(held);
    if (ArrayBuffer.isView(held)) continue;
    if (held instanceof Map) open.push(...held.keys(), ...held.values());
    open.push(...Object.values(held));
  }
  return [...seen];
}

/** True when the first 16 pixels stand in `held`, from any offset. */
export function shows(held: ArrayLike<number>, pixels: ArrayLike<number>): boolean {
  const size = 16;
  for (let offset = 0; offset + size <= held.length; offset++) {
    let same = 0;
    while (same < size && Math.abs(held[offset + same]! - pixels[same]!) < 1e-6) same++;
    if (same === size) return true;
  }
  return false;
}
