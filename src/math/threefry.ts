// Threefry-2x32-20, the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as
// 1, 2, 3" (SC 2011): 20 add-rotate-xor rounds turn (key, counter), two 32-bit words each, into two random words.

const PARITY = 0x1bd11bda;

/**
 * One block: writes the two output words of counter (c0, c1) under key (k0, k1) to `out`.
 * Words are taken modulo 2^32. For a fixed key the map is a bijection of the counters.
 */
export function threefry2x32(k0: number, k1: number, c0: number, c1: number, out: Uint32Array): void {
  let a = (c0 + k0) | 0;
  let b = (c1 + k1) | 0;
  let x = k1;
  let y = PARITY ^ k0 ^ k1;
  let z = k0;
  // Four rounds stand written out, because a loop over the rotations halves the speed.
  for (let injection = 1; ; injection += 2) {
    a = (a + b) | 0;
    b = ((b << 13) | (b >>> 19)) ^ a;
    a = (a + b) | 0;
    b = ((b << 15) | (b >>> 17)) ^ a;
    a = (a + b) | 0;
    b = ((b << 26) | (b >>> 6)) ^ a;
    a = (a + b) | 0;
    b = ((b << 6) | (b >>> 26)) ^ a;
    a = (a + x) | 0;
    b = (b + y + injection) | 0;
    if (injection === 5) break;

    a = (a + b) | 0;
    b = ((b << 17) | (b >>> 15)) ^ a;
    a = (a + b) | 0;
    b = ((b << 29) | (b >>> 3)) ^ a;
    a = (a + b) | 0;
    b = ((b << 16) | (b >>> 16)) ^ a;
    a = (a + b) | 0;
    b = ((b << 24) | (b >>> 8)) ^ a;
    a = (a + y) | 0;
    b = (b + z + injection + 1) | 0;
    const first = x;
    x = z;
    z = y;
    y = first;
  }
  out[0] = a;
  out[1] = b;
}
