// Seeded, splittable random streams on Threefry-2x32-20. A stream is a key; its draws are the blocks of a counter.
// Children are keyed by seed and path only, so adding a draw in one place never changes another place's numbers.

import type { FloatArray } from "./tensor.js";
import { threefry2x32 } from "./threefry.js";

/** A deterministic stream of random numbers, the same on every machine and in the browser. */
export interface Random {
  /**
   * The child stream named by `path`. It depends on the seed and the path alone, not on what was drawn before, and
   * `split("a", 3)` equals `split("a").split(3)`. The string "3" and the number 3 name different streams.
   */
  split(...path: (string | number)[]): Random;
  /** An integer in [0, 2^32). */
  uint32(): number;
  /** A number in [0, 1), a multiple of 2^-53. */
  uniform(): number;
  /** A standard normal number. */
  normal(): number;
  /** An integer in [0, n), every one exactly as likely. Throws RangeError unless 1 <= n <= 2^53 is an integer. */
  integer(n: number): number;
  /** A shuffled copy (Fisher and Yates). */
  shuffle<T>(items: readonly T[]): T[];
  /** Fills `a` with numbers in [low, high); a Float32Array rounds, which may reach `high` itself. */
  fillUniform(a: FloatArray, low: number, high: number): void;
  /** Fills `a` with normal numbers of the given mean and standard deviation. */
  fillNormal(a: FloatArray, mean: number, deviation: number): void;
}

const TWO_32 = 2 ** 32;
const TWO_53 = 2 ** 53;

// First word of the blocks that are absorbed into a key. Draws use a key of their own, so no draw equals a child's key.
const DRAWS = 0;
const NUMBER = 1;
const STRING = 2;

/** The root stream of a seed. Throws RangeError unless `seed` is a safe integer. */
export function createRandom(seed: number): Random {
  if (!Number.isSafeInteger(seed)) {
    throw new RangeError(`a seed must be an integer within ±(2^53 - 1), got ${seed}`);
  }
  return streamOf(seed >>> 0, Math.floor(seed / TWO_32) >>> 0);
}

function streamOf(key0: number, key1: number): Random {
  const block = new Uint32Array(2);
  threefry2x32(key0, key1, DRAWS, 0, block);
  const draw0 = block[0]! | 0;
  const draw1 = block[1]! | 0;
  let low = 0;
  let high = 0;
  let spareWord = false;
  let spareNormal = Number.NaN;

  function uint32(): number {
    spareWord = !spareWord;
    if (!spareWord) return block[1]!;
    threefry2x32(draw0, draw1, low, high, block);
    low = (low + 1) | 0;
    if (low === 0) high = (high + 1) | 0;
    return block[0]!;
  }

  function bits53(): number {
    const upper = uint32() >>> 5;
    return upper * 67_108_864 + (uint32() >>> 6);
  }

  // Box and Muller rather than a rejection method: two uniforms per pair, always, keep the counter predictable.
  function normal(): number {
    if (!Number.isNaN(spareNormal)) {
      const spare = spareNormal;
      spareNormal = Number.NaN;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log((bits53() + 1) / TWO_53));
    const angle = 2 * Math.PI * (bits53() / TWO_53);
    spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  function integer(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > TWO_53) {
      throw new RangeError(`integer(n) needs an integer n from 1 to 2^53, got ${n}`);
    }
    const limit = TWO_53 - (TWO_53 % n);
    let bits = bits53();
    while (bits >= limit) bits = bits53();
    return bits % n;
  }

  return {
    split: (...path) => {
      const key = Uint32Array.of(key0, key1);
      for (const name of path) absorbName(key, name);
      return streamOf(key[0]!, key[1]!);
    },
    uint32,
    uniform: () => bits53() / TWO_53,
    normal,
    integer,
    shuffle: (items) => {
      const shuffled = items.slice();
      for (let i = shuffled.length - 1; i > 0; i--) {
        const j = integer(i + 1);
        const item = shuffled[i]!;
        shuffled[i] = shuffled[j]!;
        shuffled[j] = item;
      }
      return shuffled;
    },
    fillUniform: (a, from, to) => {
      for (let i = 0; i < a.length; i++) a[i] = from + (to - from) * (bits53() / TWO_53);
    },
    fillNormal: (a, mean, deviation) => {
      for (let i = 0; i < a.length; i++) a[i] = mean + deviation * normal();
    },
  };
}

/** Replaces `key` by its child's. The first block tells type and length, so no name is a prefix of another. */
function absorbName(key: Uint32Array, name: string | number): void {
  if (typeof name === "number") {
    if (!Number.isFinite(name)) throw new RangeError(`a stream is named by strings and finite numbers, got ${name}`);
    const words = new Uint32Array(Float64Array.of(name + 0).buffer);
    absorb(key, NUMBER, 0);
    absorb(key, words[0]!, words[1]!);
    return;
  }
  absorb(key, STRING, name.length);
  for (let i = 0; i < name.length; i += 4) {
    absorb(key, twoUnits(name, i), twoUnits(name, i + 2));
  }
}

function twoUnits(name: string, at: number): number {
  // A position past the end reads NaN, which the bit operations take for 0.
  return name.charCodeAt(at) | (name.charCodeAt(at + 1) << 16);
}

function absorb(key: Uint32Array, word0: number, word1: number): void {
  threefry2x32(key[0]!, key[1]!, word0, word1, key);
}
