// Hits, misses, ties, near-duplicates and undefined cases of IIP on galleries small enough to see.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Gallery, Image } from "../define.js";
import iip from "./iip.js";

function galleryOf(pictures: number[][], labels: number[] = pictures.map(() => 0)): Gallery {
  return {
    length: pictures.length,
    label: (index) => labels[index]!,
    pixels: (index) => Uint8Array.from(pictures[index]!),
  };
}

function imageOf(bytes: number[]): Image {
  return { shape: [1, 1, bytes.length], data: Float64Array.from(bytes, (byte) => byte / 255) };
}

async function identify(
  reconstruction: number[],
  record: number,
  gallery: Gallery,
  variant: keyof typeof iip.variants,
) {
  const [figure] = await iip.variants[variant].score({
    reconstructions: [imageOf(reconstruction)],
    originals: [imageOf([...gallery.pixels(record)])],
    records: [record],
    gallery,
  });
  return figure!;
}

describe("iip", () => {
  const gallery = galleryOf(
    [
      [0, 0],
      [100, 100],
      [200, 200],
      [100, 100],
    ],
    [0, 1, 0, 1],
  );

  it("tells hits from misses and names gallery size and chance", async () => {
    expect(await identify([190, 180], 2, gallery, "pixel@all")).toEqual({
      value: 1,
      note: "gallery of 4 pictures, chance level 1/4",
    });
    expect((await identify([110, 120], 2, gallery, "pixel@all")).value).toBe(0);
  });

  it("searches only the original's class under same-label", async () => {
    expect(await identify([110, 120], 2, gallery, "pixel@same-label")).toEqual({
      value: 1,
      note: "gallery of 2 pictures, chance level 1/2",
    });
  });

  it("counts a duplicate of the original as a hit, wherever it stands", async () => {
    expect((await identify([101, 99], 1, gallery, "pixel@all")).value).toBe(1);
    expect((await identify([101, 99], 3, gallery, "pixel@all")).value).toBe(1);
  });

  it("gives ties to the lowest index and does not round the reconstruction", async () => {
    expect((await identify([50, 50], 0, gallery, "pixel@all")).value).toBe(1);
    expect((await identify([50, 50], 1, gallery, "pixel@all")).value).toBe(0);
    expect((await identify([50.4, 50], 1, gallery, "pixel@all")).value).toBe(1);
    expect((await identify([49.6, 50], 1, gallery, "pixel@all")).value).toBe(0);
  });

  it("agrees with an exhaustive search", async () => {
    const bytes = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 130, maxLength: 130 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(bytes, { minLength: 2, maxLength: 8 }),
        bytes,
        fc.nat(),
        async (pictures, guess, pick) => {
          const record = pick % pictures.length;
          const distances = pictures.map((picture) =>
            picture.reduce((sum, byte, i) => sum + (byte - guess[i]!) ** 2, 0),
          );
          const nearest = distances.indexOf(Math.min(...distances));
          const hit = pictures[nearest]!.every((byte, i) => byte === pictures[record]![i]);
          expect((await identify(guess, record, galleryOf(pictures), "pixel@all")).value).toBe(hit ? 1 : 0);
        },
      ),
    );
  });

  it("is null without a gallery, without rivals and for a diverged reconstruction", async () => {
    const input = { reconstructions: [imageOf([1, 2])], originals: [imageOf([1, 2])] };
    expect(await iip.variants["pixel@all"].score(input)).toEqual([
      { value: null, reason: expect.stringContaining("gallery") },
    ]);
    const single = galleryOf(
      [
        [1, 2],
        [3, 4],
      ],
      [0, 1],
    );
    expect((await identify([1, 2], 0, single, "pixel@same-label")).value).toBeNull();
    expect(await identify([Number.NaN, 2], 0, gallery, "pixel@all")).toEqual({
      value: null,
      reason: expect.stringContaining("diverged"),
    });
  });

  it("refuses records outside the gallery and pictures of another size", async () => {
    const original = imageOf([1, 2]);
    const input = { reconstructions: [original], originals: [original], gallery };
    await expect(iip.variants["pixel@all"].score({ ...input, records: [4] })).rejects.toThrow(
      /outside the gallery of 4/,
    );
    await expect(iip.variants["pixel@all"].score({ ...input, records: [] })).rejects.toThrow(
      /record of every original/,
    );
    await expect(
      iip.variants["pixel@all"].score({
        ...input,
        records: [0],
        gallery: galleryOf([
          [1, 2, 3],
          [4, 5, 6],
        ]),
      }),
    ).rejects.toThrow(/3 bytes/);
  });
});
