import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "./random.js";
import { threefry2x32 } from "./threefry.js";

const take = (count: number, draw: () => number) => Array.from({ length: count }, draw);

function moments(a: ArrayLike<number>) {
  let mean = 0;
  for (let i = 0; i < a.length; i++) mean += a[i]! / a.length;
  const central = (power: number) => {
    let sum = 0;
    for (let i = 0; i < a.length; i++) sum += (a[i]! - mean) ** power;
    return sum / a.length;
  };
  return { mean, variance: central(2), skewness: central(3), kurtosis: central(4) };
}

describe("createRandom", () => {
  it("repeats itself for a seed, differs between seeds, and keeps both halves of a large or negative seed", () => {
    const first = (seed: number) => take(4, createRandom(seed).uint32);
    expect(first(7)).toEqual(first(7));
    const seeds = [0, 1, -1, 2 ** 32, 2 ** 32 + 1, -(2 ** 32), Number.MAX_SAFE_INTEGER];
    expect(new Set(seeds.map((seed) => first(seed).join())).size).toBe(seeds.length);
  });

  it("draws the blocks of counters 0, 1, 2 under a key that is a block of the seed", () => {
    const key = new Uint32Array(2);
    threefry2x32(5, 0, 0, 0, key);
    const block = new Uint32Array(2);
    const expected = [0, 1, 2].flatMap((counter) => {
      threefry2x32(key[0]!, key[1]!, counter, 0, block);
      return [...block];
    });
    expect(take(6, createRandom(5).uint32)).toEqual(expected);
  });

  it("refuses seeds that are not safe integers", () => {
    for (const seed of [0.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY]) {
      expect(() => createRandom(seed)).toThrow(RangeError);
    }
  });
});

describe("split", () => {
  const name = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.integer(),
    fc.double({ noDefaultInfinity: true, noNaN: true }),
  );

  it("depends on seed and path only, and nests", () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(name, { maxLength: 4 }), fc.nat(9), fc.nat(4), (seed, path, drawn, cut) => {
        const root = createRandom(seed);
        const expected = take(3, root.split(...path).uint32);
        take(drawn, root.normal);
        root.split("other").uniform();
        expect(take(3, root.split(...path).uint32)).toEqual(expected);
        expect(take(3, root.split(...path.slice(0, cut)).split(...path.slice(cut)).uint32)).toEqual(expected);
      }),
    );
  });

  it("gives different paths different streams, and none its parent's", () => {
    const paths = [
      [],
      ["a"],
      ["b"],
      ["ab"],
      ["a", "b"],
      ["b", "a"],
      [3],
      ["3"],
      [3.5],
      [-3],
      ["a\0"],
      ["abcd"],
      ["abcde"],
    ];
    const more = Array.from({ length: 2000 }, (_, i) => ["restart", i]);
    const streams = [...paths, ...more].map((path) => take(2, createRandom(1).split(...path).uint32).join());
    expect(new Set(streams).size).toBe(streams.length);
    expect(take(2, createRandom(1).split(-0).uint32)).toEqual(take(2, createRandom(1).split(0).uint32));
    expect(() => createRandom(1).split(Number.NaN)).toThrow(/finite numbers, got NaN/);
  });

  it("leaves neighbouring children uncorrelated", () => {
    const draws = Array.from({ length: 20_001 }, (_, i) => createRandom(3).split("client", i).normal());
    let sum = 0;
    for (let i = 0; i < 20_000; i++) sum += draws[i]! * draws[i + 1]!;
    expect(Math.abs(sum / Math.sqrt(20_000))).toBeLessThan(4);
    expect(Math.abs(moments(draws).mean) * Math.sqrt(20_001)).toBeLessThan(4);
  });
});

describe("distributions", () => {
  it("uniform numbers lie in [0, 1) and pass Kolmogorov and Smirnov at 0.1 %", () => {
    const sorted = new Float64Array(100_000);
    createRandom(11).fillUniform(sorted, 0, 1);
    sorted.sort();
    expect(sorted[0]).toBeGreaterThanOrEqual(0);
    expect(sorted.at(-1)).toBeLessThan(1);
    let distance = 0;
    sorted.forEach((u, i) => {
      distance = Math.max(distance, Math.abs(u - i / 1e5), Math.abs(u - (i + 1) / 1e5));
    });
    expect(distance * Math.sqrt(1e5)).toBeLessThan(1.95);
  });

  it("normal numbers have the right moments and tails", () => {
    const a = new Float64Array(1_000_000);
    createRandom(12).fillNormal(a, 0, 1);
    const { mean, variance, skewness, kurtosis } = moments(a);
    expect(Math.abs(mean)).toBeLessThan(0.004);
    expect(Math.abs(variance - 1)).toBeLessThan(0.006);
    expect(Math.abs(skewness)).toBeLessThan(0.01);
    expect(Math.abs(kurtosis - 3)).toBeLessThan(0.02);
    const share = (limit: number) => a.reduce((count, z) => count + (z > limit ? 1 : 0), 0) / a.length;
    expect(Math.abs(share(1.959963984540054) - 0.025)).toBeLessThan(0.0007);
    expect(Math.abs(share(3.090232306167813) - 0.001)).toBeLessThan(0.00014);
  });

  it("fills as the single draws do, scaled, in either precision", () => {
    const a = new Float64Array(5);
    createRandom(4).fillNormal(a, 2, 3);
    const one = createRandom(4);
    expect([...a]).toEqual(take(5, () => 2 + 3 * one.normal()));
    const single = new Float32Array(5);
    createRandom(4).fillNormal(single, 2, 3);
    expect(single).toEqual(Float32Array.from(a));
    createRandom(4).fillUniform(a, -0.5, 0.5);
    const other = createRandom(4);
    expect([...a]).toEqual(take(5, () => other.uniform() - 0.5));
  });

  it("integers are unbiased: chi-square over 7 faces, and over the upper half of a range that is no power of two", () => {
    const random = createRandom(13);
    const counts = new Float64Array(7);
    for (let i = 0; i < 70_000; i++) counts[random.integer(7)]!++;
    const chiSquare = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chiSquare).toBeLessThan(22.46);
    // With a plain remainder, n = 3/4 of 2^53 would put two thirds of the draws, not half, below n / 2.
    const n = 3 * 2 ** 51;
    const below = take(20_000, () => random.integer(n)).filter((value) => value < n / 2).length;
    expect(Math.abs(below - 10_000)).toBeLessThan(300);
    for (const bad of [0, -1, 1.5, Number.NaN, 2 ** 54]) expect(() => random.integer(bad)).toThrow(RangeError);
  });

  it("shuffles a copy: every order of three equally often, every item kept", () => {
    const random = createRandom(14);
    const counts = new Map<string, number>();
    for (let i = 0; i < 12_000; i++) {
      const key = random.shuffle(["a", "b", "c"]).join("");
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0);
    expect(chiSquare).toBeLessThan(20.52);
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
        const before = items.slice();
        expect(createRandom(seed).shuffle(items).sort()).toEqual(before.slice().sort());
        expect(items).toEqual(before);
      }),
    );
  });

  it("makes a million normals in well under a second", () => {
    const a = new Float32Array(1_000_000);
    const random = createRandom(1);
    random.fillNormal(a, 0, 1);
    const start = performance.now();
    random.fillNormal(a, 0, 1);
    expect(performance.now() - start).toBeLessThan(600);
  });
});
