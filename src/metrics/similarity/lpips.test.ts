// LPIPS by its definition: zero for equal pictures, symmetric, what it is scaled to and what it cannot judge. Values: cc0-photos.test.ts.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ImageShape } from "../../data/dataset.js";
import type { Image } from "../define.js";
import { readWeights } from "../encode.js";
import lpips from "./lpips.js";

type Variant = keyof typeof lpips.variants;

async function score(variant: Variant, reconstruction: Image, original: Image) {
  const [figure] = await lpips.variants[variant].score({ reconstructions: [reconstruction], originals: [original] });
  return figure!;
}

/** A picture of smooth waves, another one for every seed. */
function waves(seed: number, [channels, height, width]: ImageShape): Image {
  const data = Float64Array.from({ length: channels * height * width }, (_, i) => {
    const [x, y, c] = [i % width, Math.floor(i / width) % height, Math.floor(i / (width * height))];
    return 0.5 + 0.25 * Math.sin(0.3 * x + seed + c) + 0.25 * Math.cos(0.2 * y * (1 + (seed % 3)) + c);
  });
  return { shape: [channels, height, width], data };
}

const flat = (value: number, shape: ImageShape): Image => ({
  shape,
  data: new Float64Array(shape[0] * shape[1] * shape[2]).fill(value),
});

/** Half-pixel centres, no antialiasing, straight from the formula. */
function enlarge({ shape, data }: Image, [rows, columns]: readonly [number, number]): Image {
  const [channels, height, width] = shape;
  const at = (o: number, input: number, output: number) => Math.max(0, ((o + 0.5) * input) / output - 0.5);
  const values = Float64Array.from({ length: channels * rows * columns }, (_, i) => {
    const [x, y] = [at(i % columns, width, columns), at(Math.floor(i / columns) % rows, height, rows)];
    const plane = Math.floor(i / (rows * columns)) * height * width;
    const [left, top] = [Math.floor(x), Math.floor(y)];
    const [right, bottom] = [Math.min(left + 1, width - 1), Math.min(top + 1, height - 1)];
    const row = (r: number) =>
      (1 - x + left) * data[plane + r * width + left]! + (x - left) * data[plane + r * width + right]!;
    return (1 - y + top) * row(top) + (y - top) * row(bottom);
  });
  return { shape: [channels, rows, columns], data: values };
}

describe.each(["squeeze-v0.1@64", "squeeze-v0.1@native"] as const)("lpips/%s", (variant) => {
  it("is 0 for equal pictures, symmetric to the last bit and above 0 for different ones", async () => {
    const seeds = fc.integer({ min: 0, max: 50 });
    const shapes = fc.constantFrom<ImageShape>([3, 20, 24], [1, 32, 32]);
    await fc.assert(
      fc.asyncProperty(seeds, seeds, shapes, async (a, b, shape) => {
        const [x, y] = [waves(a, shape), waves(b, shape)];
        const there = (await score(variant, x, y)).value!;
        expect(there).toBe((await score(variant, y, x)).value);
        if (a === b) expect(there).toBe(0);
        else expect(there).toBeGreaterThan(0);
        expect(there).toBeLessThan(lpips.range[1]);
      }),
      { numRuns: 25 },
    );
    expect((await score(variant, flat(0, [3, 32, 32]), flat(0, [3, 32, 32]))).value).toBe(0);
  });

  it("takes a grey picture for three equal channels", async () => {
    const colour = ({ shape: [, h, w], data }: Image): Image => ({
      shape: [3, h, w],
      data: Float64Array.from([...data, ...data, ...data]),
    });
    const [x, y] = [waves(1, [1, 28, 28]), waves(2, [1, 28, 28])];
    expect((await score(variant, x, y)).value).toBe((await score(variant, colour(x), colour(y))).value);
  });

  it("is null with a reason for what diverged or has other channels, and leaves the other pairs alone", async () => {
    const broken = waves(1, [3, 32, 32]);
    broken.data[5] = Number.NaN;
    const [first, second] = await lpips.variants[variant].score({
      reconstructions: [broken, waves(1, [3, 32, 32])],
      originals: [waves(2, [3, 32, 32]), waves(2, [3, 32, 32])],
    });
    expect(first).toEqual({ value: null, reason: expect.stringContaining("diverged") });
    expect(second).toEqual(await score(variant, waves(1, [3, 32, 32]), waves(2, [3, 32, 32])));
    expect(await score(variant, flat(0.5, [2, 32, 32]), flat(0.4, [2, 32, 32]))).toEqual({
      value: null,
      reason: expect.stringContaining("one or three channels, got 2x32x32"),
    });
    await expect(score(variant, flat(1.5, [3, 32, 32]), flat(1, [3, 32, 32]))).rejects.toThrow(/clamp/);
  });
});

it("has a range that its heads cannot leave", () => {
  const heads = [...readWeights("lpips_v0.1_heads.safetensors")].filter(([name]) => name.startsWith("squeeze."));
  const largest = heads.reduce((total, [, { data }]) => {
    const [first, second] = [...data].sort((a, b) => b - a);
    return total + first! + second!;
  }, 0);
  expect(heads).toHaveLength(7);
  expect(heads.every(([, { data }]) => data.every((weight) => weight >= 0))).toBe(true);
  expect(largest).toBeLessThanOrEqual(lpips.range[1]);
  expect(largest).toBeGreaterThan(lpips.range[1] - 0.01);
});

describe("resolution", () => {
  it("of @64: the shorter side is scaled to 64 pixels, larger pictures stay as they are", async () => {
    const [x, y] = [waves(3, [3, 24, 36]), waves(4, [3, 24, 36])];
    const scaled = await score("squeeze-v0.1@native", enlarge(x, [64, 96]), enlarge(y, [64, 96]));
    const figure = await score("squeeze-v0.1@64", x, y);
    expect(Math.abs(figure.value! - scaled.value!)).toBeLessThan(2e-6);
    expect(figure).toMatchObject({ note: "compared at 64x96 pixels" });
    const [large, other] = [waves(3, [3, 64, 80]), waves(4, [3, 64, 80])];
    expect(await score("squeeze-v0.1@64", large, other)).toEqual(await score("squeeze-v0.1@native", large, other));
  });

  it("of @native: 17 pixels are the least of which the last maps see anything", async () => {
    const least = await score("squeeze-v0.1@native", waves(1, [3, 17, 17]), waves(2, [3, 17, 17]));
    expect(least).toEqual({ value: expect.any(Number), note: "compared at 17x17 pixels" });
    expect(await score("squeeze-v0.1@native", waves(1, [3, 16, 40]), waves(2, [3, 16, 40]))).toEqual({
      value: null,
      reason: expect.stringContaining("17x17 or larger, got 3x16x40"),
    });
  });

  it("may change more often than programs are kept, also side by side", async () => {
    const sides = Array.from({ length: 9 }, (_, i) => 20 + 2 * i);
    const judge = (side: number) => score("squeeze-v0.1@native", waves(1, [3, side, side]), waves(2, [3, side, side]));
    const together = await Promise.all(sides.map(judge));
    const apart = [];
    for (const side of sides) apart.push(await judge(side));
    expect(apart).toEqual(together);
    expect(new Set(apart.map(({ value }) => value)).size).toBe(sides.length);
  });
});
