import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../math/random.js";
import { differenceRows, extractHits } from "./hits.js";

const SIZE = 200;
const unit = { range: () => [0, 1] as const, threshold: 1e-6 };

/** A picture with pixels in [0, 1]. */
function picture(seed: number): Float64Array {
  const pixels = new Float64Array(SIZE);
  createRandom(seed).fillUniform(pixels, 0, 1);
  return pixels;
}
/** Weight and bias rows of bins, each the sum of its own samples' coefficients times pictures. */
function bins(content: readonly (readonly [coefficient: number, pixels: Float64Array])[][]) {
  const bias = Float64Array.from(content, (samples) => samples.reduce((sum, [coefficient]) => sum + coefficient, 0));
  const weight = new Float64Array(content.length * SIZE);
  content.forEach((samples, row) => {
    for (const [coefficient, pixels] of samples) {
      for (let i = 0; i < SIZE; i++) weight[row * SIZE + i]! += coefficient * pixels[i]!;
    }
  });
  return { weight, bias };
}
const distance = (a: Float64Array, b: Float64Array) => Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

describe("differenceRows", () => {
  it("undoes the cumulation of an imprint: row i minus row i + 1, the last row as it is", () => {
    const value = fc.integer({ min: -99, max: 99 });
    const rows = fc.array(fc.tuple(value, value, value), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(rows, (own) => {
        const cumulated = own.map((_, i) =>
          [0, 1, 2].map((column) => own.slice(i).reduce((sum, row) => sum + row[column]!, 0)),
        );
        const weight = Float64Array.from(cumulated.flatMap(([a, b]) => [a!, b!]));
        const bias = Float64Array.from(cumulated, (row) => row[2]!);
        const back = differenceRows(weight, bias);
        expect([...back.weight]).toEqual(own.flatMap((row) => row.slice(0, 2)));
        expect([...back.bias]).toEqual(own.map((row) => row[2]));
      }),
    );
  });

  it("leaves the observed arrays alone", () => {
    const weight = Float64Array.of(3, 1);
    differenceRows(weight, Float64Array.of(1, 1));
    expect([...weight]).toEqual([3, 1]);
  });
});

describe("extractHits", () => {
  it("returns the picture of every bin with one sample, whatever the sign and size of its gradient", () => {
    const { weight, bias } = bins([[[0.3, picture(1)]], [[-2, picture(2)]], [[1e-4, picture(3)]]]);
    const hits = extractHits(weight, bias, unit);
    expect(hits.map(({ validity }) => validity)).toEqual([1, 1, 1]);
    // Equally valid: the strongest gradient first.
    [2, 1, 3].forEach((seed, i) => {
      expect(distance(hits[i]!.input, picture(seed))).toBeLessThan(1e-9);
    });
  });

  it("skips empty bins, and bins whose gradient is rounding noise beside the largest", () => {
    const { weight, bias } = bins([[[1, picture(1)]], [], [[1e-9, picture(2)]]]);
    expect(extractHits(weight, bias, unit)).toHaveLength(1);
    expect(extractHits(new Float64Array(2 * SIZE), new Float64Array(2), unit)).toEqual([]);
    expect(extractHits(weight, bias, { ...unit, threshold: 1e-12 })).toHaveLength(2);
  });

  it("drops a blend that leaves the pixel range, and keeps an honest average as the candidate it is", () => {
    const outside = bins([
      [
        [1, picture(1)],
        [-0.6, picture(2)],
      ],
    ]);
    expect(extractHits(outside.weight, outside.bias, unit)).toEqual([]);
    const between = bins([
      [
        [1, picture(1)],
        [1, picture(2)],
      ],
    ]);
    const [blend] = extractHits(between.weight, between.bias, unit);
    const middle = picture(1).map((value, i) => (value + picture(2)[i]!) / 2);
    expect(distance(blend!.input, middle)).toBeLessThan(1e-9);
  });

  it("names a picture once that stands in several bins", () => {
    const { weight, bias } = bins([[[1, picture(1)]], [[0.5, picture(1)]], [[0.2, picture(2)]]]);
    expect(extractHits(weight, bias, unit)).toHaveLength(2);
  });

  it("allows 5 % slack around the range and 1 % of outliers, judged by position", () => {
    const odd = picture(1);
    odd.set([1.04, -0.04]);
    const far = picture(2);
    far.set([3, 3]);
    const wild = picture(3);
    wild.set([3, 3, 3]);
    const { weight, bias } = bins([[[1, odd]], [[1, far]], [[1, wild]]]);
    const hits = extractHits(weight, bias, unit);
    expect(hits.map(({ validity }) => validity)).toEqual([1, 0.99]);
    const shifted = extractHits(weight, bias, { ...unit, range: (i) => (i < 3 ? [0, 4] : [0, 1]) });
    expect(shifted).toHaveLength(3);
  });
});
