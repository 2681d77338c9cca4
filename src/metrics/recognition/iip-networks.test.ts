// IIP by network features and by LPIPS on 196 patches of the four photos in the repository: the twin of the table in reference.test.ts.
import { readFileSync } from "node:fs";
import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import type { Gallery, Image, ScoreInput } from "../define.js";
import lpips from "../similarity/lpips.js";
import iip from "./iip.js";

const SIDE = 32;
const PER_ROW = 7;
const PHOTOS = ["cat", "coffee", "rocket", "galaxies"];
const PATCHES = PER_ROW * PER_ROW;
const COUNT = PHOTOS.length * PATCHES;

/** Planar bytes of the patches of a photo of 224x224 pixels, row by row. */
function cut(photo: string): Uint8Array[] {
  const file = new URL(`../../../assets/cc0-photos/${photo}.png`, import.meta.url);
  const { width, channels, data } = decode(readFileSync(file));
  return Array.from({ length: PATCHES }, (_, patch) => {
    const [top, left] = [SIDE * Math.floor(patch / PER_ROW), SIDE * (patch % PER_ROW)];
    return Uint8Array.from({ length: 3 * SIDE * SIDE }, (_, i) => {
      const [channel, pixel] = [Math.floor(i / SIDE ** 2), i % SIDE ** 2];
      return data[((top + Math.floor(pixel / SIDE)) * width + left + (pixel % SIDE)) * channels + channel]!;
    });
  });
}

function imageOf(bytes: Uint8Array, channels = 3, side = SIDE): Image {
  return { shape: [channels, side, side], data: Float64Array.from(bytes, (byte) => byte / 255) };
}

function galleryOf(pictures: readonly Uint8Array[], label: (index: number) => number): Gallery {
  return { length: pictures.length, label, pixels: (index) => pictures[index]! };
}

const patches = PHOTOS.flatMap(cut);
const gallery = galleryOf(patches, (index) => Math.floor(index / PATCHES));

/** `weight` tenths of every `step`-th patch and the rest of the patch half the gallery away. */
function blends(weight: number, step: number) {
  const records = Array.from({ length: Math.ceil(COUNT / step) }, (_, i) => step * i);
  const reconstructions = records.map((record) => {
    const other = patches[(record + COUNT / 2) % COUNT]!;
    return imageOf(patches[record]!.map((byte, i) => Math.floor((weight * byte + (10 - weight) * other[i]! + 5) / 10)));
  });
  return { reconstructions, originals: records.map((record) => imageOf(patches[record]!)), records, gallery };
}

const hits = async (variant: keyof typeof iip.variants, input: ScoreInput) =>
  (await iip.variants[variant].score(input)).map(({ value }) => value!);

const count = async (variant: keyof typeof iip.variants, input: ScoreInput) =>
  (await hits(variant, input)).reduce((sum, hit) => sum + hit, 0);

describe("hits among 66 blends", () => {
  // Counted by a ResNet-20 in NumPy and float64 on the same weights; no cosine that matters is within 2e-4 of another.
  it.each([
    { weight: 10, pixel: [66, 66], feature: [66, 66] },
    { weight: 8, pixel: [52, 54], feature: [48, 49] },
    { weight: 7, pixel: [35, 47], feature: [32, 37] },
    { weight: 6, pixel: [21, 34], feature: [16, 20] },
    { weight: 5, pixel: [2, 20], feature: [12, 16] },
    { weight: 4, pixel: [0, 12], feature: [5, 8] },
  ])("of $weight tenths, by pixels and by features", async ({ weight, pixel, feature }) => {
    const input = blends(weight, 3);
    expect([await count("pixel@all", input), await count("pixel@same-label", input)]).toEqual(pixel);
    expect([await count("feature@all", input), await count("feature@same-label", input)]).toEqual(feature);
  });
});

describe("the search by LPIPS", () => {
  it("finds what a comparison with every picture finds", { timeout: 20_000 }, async () => {
    const input = blends(6, 36);
    const pictures = patches.map((bytes) => imageOf(bytes));
    const figures = await lpips.variants["squeeze-v0.1@64"].score({
      reconstructions: pictures.flatMap(() => input.reconstructions),
      originals: pictures.flatMap((picture) => input.records.map(() => picture)),
    });
    const distance = (pair: number, index: number) => figures[index * input.records.length + pair]!.value!;
    const exhaustive = (admits: (index: number, record: number) => boolean) =>
      input.records.map((record, pair) => {
        const running = [...pictures.keys()].filter((index) => admits(index, record));
        const nearest = running.reduce((best, index) => (distance(pair, index) < distance(pair, best) ? index : best));
        return nearest === record ? 1 : 0;
      });
    const all = exhaustive(() => true);
    expect(new Set(all).size).toBe(2);
    expect(await hits("lpips@all", input)).toEqual(all);
    const same = exhaustive((index, record) => gallery.label(index) === gallery.label(record));
    expect(await hits("lpips@same-label", input)).toEqual(same);
  });
});

describe.each(["feature", "lpips"] as const)("both scopes by %s", (kind) => {
  const first = patches.slice(0, 6);

  it("count an equal picture elsewhere in the gallery as the original", async () => {
    const doubled = galleryOf([...first, ...first], (index) => index % 2);
    const input = {
      reconstructions: [imageOf(first[2]!), imageOf(first[2]!)],
      originals: [imageOf(first[2]!), imageOf(first[2]!)],
      records: [2, 8],
      gallery: doubled,
    };
    expect(await hits(`${kind}@all`, input)).toEqual([1, 1]);
    expect(await hits(`${kind}@same-label`, input)).toEqual([1, 1]);
  });

  it("read grey pictures of any size as colour ones", async () => {
    const side = 20;
    const small = patches.slice(0, 12).map((bytes) => bytes.slice(0, side * side));
    const grey = galleryOf(small, (index) => index % 2);
    const colour = galleryOf(
      small.map((bytes) => Uint8Array.from([...bytes, ...bytes, ...bytes])),
      (index) => index % 2,
    );
    const guess = small.map((bytes, i) => bytes.map((byte, j) => Math.round((byte + small[(i + 5) % 12]![j]!) / 2)));
    const judge = (asked: Gallery, channels: number) => {
      const picture = (bytes: Uint8Array) =>
        imageOf(Uint8Array.from(Array.from({ length: channels }, () => [...bytes]).flat()), channels, side);
      const records = [...small.keys()];
      const reconstructions = guess.map(picture);
      return hits(`${kind}@all`, { reconstructions, originals: small.map(picture), records, gallery: asked });
    };
    const found = await judge(grey, 1);
    expect(found).toEqual(await judge(colour, 3));
    expect(new Set(found).size).toBe(2);
  });

  it("are null for what the network cannot take, and refuse a gallery of another size", async () => {
    const two = imageOf(new Uint8Array(2 * SIDE * SIDE), 2);
    const dull = galleryOf([new Uint8Array(2 * SIDE * SIDE), new Uint8Array(2 * SIDE * SIDE)], () => 0);
    const [figure] = await iip.variants[`${kind}@all`].score({
      reconstructions: [two],
      originals: [two],
      records: [0],
      gallery: dull,
    });
    expect(figure).toEqual({ value: null, reason: expect.stringContaining("one or three channels, got 2x32x32") });
    const small = imageOf(new Uint8Array(3 * 20 * 20), 3, 20);
    const input = { reconstructions: [small], originals: [small], records: [0], gallery };
    await expect(iip.variants[`${kind}@all`].score(input)).rejects.toThrow(/3072 bytes.*3x20x20/);
  });
});

it("reads a gallery's pictures once for all calls by features", async () => {
  let reads = 0;
  const counting: Gallery = {
    ...gallery,
    pixels(index) {
      reads++;
      return gallery.pixels(index);
    },
  };
  const input = { ...blends(10, 98), gallery: counting };
  await hits("feature@all", input);
  const before = reads;
  await hits("feature@same-label", input);
  expect(before).toBeGreaterThanOrEqual(COUNT);
  // The verdict compares the chosen picture with the original.
  expect(reads - before).toBe(2 * input.records.length);
});
