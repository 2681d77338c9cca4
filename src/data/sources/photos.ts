// Patches of four photographs that anybody may use (assets/cc0-photos): real pictures without a download. The class is the photograph.
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { createRandom } from "../../math/random.js";
import { defineSource } from "../define.js";
import type { RgbPicture } from "../planar.js";
import { decodePng } from "../png-decode.js";

const PHOTOS = [
  { name: "cat", credit: "Photo of a cat: Stefan van der Walt, CC0" },
  { name: "coffee", credit: "Photo of a cup of coffee: Rachel Michetti, CC0" },
  { name: "rocket", credit: "Photo of a rocket: SpaceX, public domain" },
  { name: "galaxies", credit: "Photo of galaxies: NASA / HubbleSite, public domain" },
] as const;

const EDGE = 224;
/** Decides the order of patches, so that neighbours in the photo are no neighbours in the set. */
const ORDER = 1;

const folder = new URL("../../../assets/cc0-photos/", import.meta.url);

async function readPhoto(name: string): Promise<RgbPicture> {
  const file = new URL(`${name}.png`, folder);
  return decodePng(await readFile(file), file.pathname);
}

/** Bytes of the square at that row and column, planar. */
function cut(
  { shape: [channels, height, width], data }: RgbPicture,
  top: number,
  left: number,
  size: number,
): Uint8Array {
  const out = new Uint8Array(channels * size * size);
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < size; y++) {
      const start = (c * height + top + y) * width + left;
      out.set(data.subarray(start, start + size), (c * size + y) * size);
    }
  }
  return out;
}

/** Record i is of photo i mod 4. */
export default defineSource({
  id: "photos",
  title: "Patches of four free photographs, by photograph",
  options: z.strictObject({
    size: z.int().min(8).max(EDGE).default(32).describe("edge of the square patches in pixels"),
    stride: z
      .int()
      .min(1)
      .max(EDGE)
      .optional()
      .describe(
        "pixels between patches; default: size, so that none overlap. Smaller ones give more patches, which share pixels",
      ),
  }),
  async open({ size, stride = size }) {
    const photos = await Promise.all(PHOTOS.map(({ name }) => readPhoto(name)));
    const steps = Math.floor((EDGE - size) / stride) + 1;
    const order = createRandom(ORDER).shuffle(Array.from({ length: steps * steps }, (_, place) => place));
    const length = PHOTOS.length * order.length;
    const photoOf = (index: number) => {
      if (Number.isInteger(index) && index >= 0 && index < length) return index % PHOTOS.length;
      throw new RangeError(`record ${index} is outside photos, which has records 0 to ${length - 1}`);
    };
    return {
      id: "photos",
      classes: PHOTOS.map(({ name }) => name),
      shape: [3, size, size] as const,
      length,
      synthetic: false,
      credits: PHOTOS.map(({ credit }) => credit),
      label: photoOf,
      pixels(index: number) {
        const photo = photos[photoOf(index)]!;
        const place = order[Math.floor(index / PHOTOS.length)]!;
        const [row, column] = [Math.floor(place / steps), place % steps];
        return cut(photo, row * stride, column * stride, size);
      },
    };
  },
});
