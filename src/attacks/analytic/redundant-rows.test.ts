import { describe, expect, it } from "vitest";
import { createRandom } from "../../math/random.js";
import { mergeRows, noiseOf } from "./redundant-rows.js";

const SIZE = 768;
const options = { range: () => [0, 1] as const, threshold: 1e-6, merge: true };

function picture(seed: number): Float64Array {
  const pixels = new Float64Array(SIZE);
  createRandom(seed).fillUniform(pixels, 0, 1);
  return pixels;
}

/** Rows of a layer's gradient, β times a picture each (or a blend), with noise on all entries; empty rows are noise alone. */
function layer(rows: readonly (readonly [beta: number, pixels: Float64Array] | null)[], noise: number, seed = 1) {
  const random = createRandom(seed);
  const draw = () => (noise === 0 ? 0 : noise * random.normal());
  const bias = Float64Array.from(rows, (row) => (row?.[0] ?? 0) + draw());
  const weight = Float64Array.from(
    rows.flatMap((row) => Array.from({ length: SIZE }, (_, i) => (row ? row[0] * row[1][i]! : 0) + draw())),
  );
  return { weight, bias };
}
const psnr = (a: Float64Array, b: Float64Array) =>
  -10 * Math.log10(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / SIZE);

describe("noiseOf", () => {
  it("reads the deviation off the rows that did not fire, and 0 where they are zeros", () => {
    const rows = [...Array.from({ length: 20 }, () => null), [0.5, picture(1)] as const];
    // The quietest of 20 rows lies below the mean, by two of its own deviations of 2.6 %.
    const ratio = noiseOf(layer(rows, 1e-3).weight, 21) / 1e-3;
    expect(ratio).toBeGreaterThan(0.9);
    expect(ratio).toBeLessThan(1);
    expect(noiseOf(layer(rows, 0).weight, 21)).toBe(0);
  });
});

describe("mergeRows", () => {
  it("gives every picture back exactly without noise, once, however many rows show it", () => {
    const rows = [1, 2, 3].flatMap((seed) => [0.3, -0.2, 0.01].map((beta) => [beta, picture(seed)] as const));
    const { weight, bias } = layer(rows, 0);
    const hits = mergeRows(weight, bias, 0, options);
    expect(hits.map((hit) => hit.rows)).toEqual([3, 3, 3]);
    for (const seed of [1, 2, 3])
      expect(Math.max(...hits.map(({ input }) => psnr(input, picture(seed))))).toBeGreaterThan(200);
  });

  it("gains what averaging promises: 16 equal rows, 12 dB over one", () => {
    const noise = 1e-4;
    const rows = [
      ...Array.from({ length: 16 }, () => [0.01, picture(1)] as const),
      ...Array.from({ length: 10 }, () => null),
    ];
    const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
    const results = seeds.map((seed) => {
      const { weight, bias } = layer(rows, noise, seed);
      const [merged] = mergeRows(weight, bias, noiseOf(weight, rows.length), options);
      const [single] = mergeRows(weight, bias, noiseOf(weight, rows.length), { ...options, merge: false });
      expect([merged!.rows, single!.rows]).toEqual([16, 16]);
      return [merged!, single!].map(({ input }) => psnr(input, picture(1)));
    });
    const merged = results.map(([both]) => both!).sort((a, b) => a - b);
    // The median: the bias gradients' own noise makes a picture too bright or too dark at times.
    expect(merged[4]).toBeGreaterThan(20 * Math.log10(0.04 / noise) - 2);
    const gains = results.map(([both, alone]) => both! - alone!).sort((a, b) => a - b);
    // And more: of equal rows the strongest is the one whose bias gradient the noise made too large.
    expect(gains[4]!).toBeGreaterThan(10 * Math.log10(16) - 1);
  });

  it("holds different pictures, and blends, apart under noise", () => {
    const blend = picture(1).map((value, i) => 0.8 * value + 0.2 * picture(2)[i]!);
    const rows = [
      ...[1, 2].flatMap((seed) => Array.from({ length: 6 }, () => [0.02, picture(seed)] as const)),
      [0.02, blend] as const,
      ...Array.from({ length: 10 }, () => null),
    ];
    const { weight, bias } = layer(rows, 1e-4);
    const hits = mergeRows(weight, bias, noiseOf(weight, rows.length), options);
    expect(hits.map((hit) => hit.rows)).toEqual([6, 6, 1]);
  });

  it("looks at no row below the noise, and drops what leaves the range", () => {
    const { weight, bias } = layer(
      Array.from({ length: 40 }, () => null),
      1,
    );
    expect(mergeRows(weight, bias, noiseOf(weight, 40), options)).toEqual([]);
    const outside = layer([[0.1, picture(1).map((value) => 3 * value)], null], 1e-6);
    expect(mergeRows(outside.weight, outside.bias, 1e-6, options)).toEqual([]);
  });
});
