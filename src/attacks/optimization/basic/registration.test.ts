import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readBatch } from "../../../data/dataset.js";
import { openDataset } from "../../../data/open.js";
import { createRandom } from "../../../math/random.js";
import { consensus, moved, translationTo } from "./registration.js";

const extent = { channels: 3, height: 32, width: 32 };
const photos = await openDataset({ source: "photos" });
const picture = readBatch(photos, [1]).inputs.data;
const error = (a: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + (value - picture[i]!) ** 2, 0) / a.length;

describe("registration", () => {
  it("finds by how far a picture was moved, up to an eighth of its side", () => {
    const shift = fc.integer({ min: -4, max: 4 });
    fc.assert(
      fc.property(shift, shift, (rows, columns) => {
        const [dy, dx] = translationTo(picture, moved(picture, extent, [rows, columns]), extent);
        expect([dy + rows, dx + columns]).toEqual([0, 0]);
      }),
      { numRuns: 20 },
    );
  });

  it("moves nothing by nothing, and repeats the edge", () => {
    expect(Array.from(moved(picture, extent, [0, 0]))).toEqual(Array.from(picture));
    const down = moved(picture, extent, [2, 0]);
    expect([down[0], down[32], down[64]]).toEqual([picture[0], picture[0], picture[0]]);
  });

  it("brings a seed that lies 3 pixels aside back before the mean: nearer than the lazy mean", () => {
    const noisy = (seed: number) => {
      const noise = new Float64Array(picture.length);
      createRandom(seed).fillNormal(noise, 0, 0.05);
      return noise.map((value, i) => value + picture[i]!);
    };
    const seeds = [noisy(1), noisy(2), noisy(3), moved(noisy(4), extent, [3, 0])];
    expect(error(consensus(seeds, extent, "registered"))).toBeLessThan(error(consensus(seeds, extent, "lazy")));
  });

  it("stays where there is nothing to go by", () => {
    const plain = new Float64Array(picture.length).fill(0.5);
    expect(translationTo(plain, plain, extent)).toEqual([0, 0]);
  });
});
