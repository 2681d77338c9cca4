// Whether any picture is perceptually nearer than the original, by LPIPS. The vectors of a whole gallery fill gigabytes, so their means are
// kept, whose distance is a lower bound, and only pictures that the bound leaves open are compared in full.
import type { Gallery, Image } from "../define.js";
import { createMemory, encode } from "../encode.js";
import { galleryImage, galleryVectors } from "../gallery-vectors.js";
import { perceptualMeans, perceptualVector, refusePicture } from "../perceptual.js";
import { squaredDistance } from "../squared-distance.js";
import type { Search, Sought } from "./search.js";

const RESOLUTION = "64";
const vectorEncoder = perceptualVector(RESOLUTION);
const meansEncoder = perceptualMeans(RESOLUTION);

/** Reconstructions whose vectors are held at a time: 30 MB at 64x64 pixels, 430 MB at 224x224. */
const GROUP = 64;

/** Bounds and distances come from two programs, which round differently. */
const ROUNDING = 1e-5;

interface Hunt extends Sought {
  readonly vector: Float32Array;
  /** From the reconstruction to its original. */
  readonly distance: number;
  /** A picture with a bound above this is farther away. */
  readonly reach: number;
  /** At most the distance of every picture of the gallery. */
  readonly bounds: Float32Array;
  nearer: number | undefined;
}

const isOpen = ({ nearer, bounds, reach, record, admits }: Hunt, candidate: number) =>
  nearer === undefined && candidate !== record && bounds[candidate]! <= reach && admits(candidate);

export const searchLpips: Search = {
  refuse: (picture) => refusePicture(picture, RESOLUTION),
  async find(sought, gallery) {
    const found: number[] = [];
    for (let start = 0; start < sought.length; start += GROUP) {
      const hunts = await begin(sought.slice(start, start + GROUP), gallery);
      await pursue(hunts, gallery);
      found.push(...hunts.map(({ nearer, record }) => nearer ?? record));
    }
    return found;
  },
};

async function begin(sought: readonly Sought[], gallery: Gallery): Promise<Hunt[]> {
  const [vectorOf, meansOf] = [createMemory(vectorEncoder), createMemory(meansEncoder)];
  const hunts: Hunt[] = [];
  for (const each of sought) {
    const { picture, record } = each;
    const kept = await galleryVectors(meansEncoder, gallery, picture.shape);
    const means = await meansOf(picture);
    const vector = await vectorOf(picture);
    const original = await encode(vectorEncoder, galleryImage(gallery, record, picture.shape));
    const distance = squaredDistance(vector, original);
    const reach = distance * (1 + ROUNDING) + ROUNDING;
    const bounds = Float32Array.from(kept, (other) => squaredDistance(means, other, reach));
    hunts.push({ ...each, vector, distance, reach, bounds, nearer: undefined });
  }
  return hunts;
}

/** Every picture is looked at once at most, for all hunts; those most likely to be nearer than some original come first. */
async function pursue(hunts: readonly Hunt[], gallery: Gallery): Promise<void> {
  const promise = (candidate: number) =>
    Math.min(...hunts.map(({ bounds, distance }) => bounds[candidate]! - distance));
  const ranked = Array.from({ length: gallery.length }, (_, candidate) => ({ candidate, rank: promise(candidate) }));
  for (const { candidate } of ranked.sort((a, b) => a.rank - b.rank)) {
    const open = hunts.filter((hunt) => isOpen(hunt, candidate));
    if (open.length === 0) continue;
    const picture: Image = galleryImage(gallery, candidate, open[0]!.picture.shape);
    const vector = await encode(vectorEncoder, picture);
    for (const hunt of open) {
      const distance = squaredDistance(hunt.vector, vector, hunt.distance);
      const isNearer = distance < hunt.distance || (distance === hunt.distance && candidate < hunt.record);
      if (isNearer && !areEqual(gallery, candidate, hunt.record)) hunt.nearer = candidate;
    }
  }
}

function areEqual(gallery: Gallery, a: number, b: number): boolean {
  const other = gallery.pixels(b);
  return gallery.pixels(a).every((byte, i) => byte === other[i]);
}
