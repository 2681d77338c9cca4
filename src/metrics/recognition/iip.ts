// Image identifiability precision (Yin et al., "See through Gradients", CVPR 2021): is a reconstruction nearer to its
// own original than to every other picture of the gallery? Project definition in spec/metrics.md section 3.8.
// The mean over pairs is the IIP; `wilson` gives its interval.
import { defineMetric, type Gallery, type MetricValue, type ScoreInput } from "../define.js";
import { findDefects } from "../image.js";

/** Pictures within this Euclidean distance (unit range) of the original count as the original, as in breaching. */
const NEAR_DUPLICATE = 1e-3;

/** Pixels between two looks at the partial sum: rarely enough to stay in a tight loop, often enough to leave early. */
const STRIDE = 64;

interface Nearest {
  readonly target: Float64Array;
  readonly record: number;
  distance: number;
  index: number;
  /** Gallery pictures that were in the running. */
  size: number;
}

export default defineMetric({
  id: "iip",
  title: "Image identifiability precision",
  source: "Yin et al. 2021; spec/metrics.md 3.8",
  moreLeakage: "higher",
  range: [0, 1],
  needs: ["gallery"],
  defaultVariant: "pixel@all",
  variants: {
    "pixel@all": {
      title: "nearest by pixels among all pictures of the gallery",
      score: (input) => identify(input, () => true),
    },
    "pixel@same-label": {
      title: "nearest by pixels among the gallery's pictures with the original's label",
      score: (input) =>
        identify(input, (gallery, candidate, record) => gallery.label(candidate) === gallery.label(record)),
    },
  },
});

type Admits = (gallery: Gallery, candidate: number, record: number) => boolean;

/** 1 for a hit and 0 for a miss, per pair. */
function identify(input: ScoreInput, admits: Admits): MetricValue[] {
  const defects = findDefects(input);
  const { gallery, records, reconstructions } = input;
  if (gallery === undefined || records === undefined) {
    return defects.map(() => ({ value: null, reason: "no gallery to search was given" }));
  }
  if (records.length !== reconstructions.length) {
    throw new RangeError(`iip needs the record of every original: ${reconstructions.length}, got ${records.length}`);
  }
  const searches = reconstructions.map((reconstruction, pair) => {
    const record = records[pair]!;
    if (!Number.isInteger(record) || record < 0 || record >= gallery.length) {
      throw new RangeError(`pair ${pair}: record ${record} is outside the gallery of ${gallery.length} pictures`);
    }
    const target = Float64Array.from(reconstruction.data, (value) => 255 * value);
    // Starting from the original makes the bound tight at once; ties still go to the lowest index.
    return { target, record, distance: squaredDistance(target, gallery.pixels(record)), index: record, size: 0 };
  });
  search(
    searches.filter((_, pair) => defects[pair] === undefined),
    gallery,
    admits,
  );
  return searches.map((nearest, pair) => verdict(nearest, defects[pair], gallery));
}

/** One pass over the gallery for all reconstructions, because reading a gallery picture may be costly. */
function search(searches: readonly Nearest[], gallery: Gallery, admits: Admits): void {
  for (let candidate = 0; candidate < gallery.length; candidate++) {
    const pixels = gallery.pixels(candidate);
    for (const nearest of searches) {
      if (!admits(gallery, candidate, nearest.record)) continue;
      nearest.size++;
      const distance = squaredDistance(nearest.target, pixels, nearest.distance);
      if (distance < nearest.distance || (distance === nearest.distance && candidate < nearest.index)) {
        nearest.distance = distance;
        nearest.index = candidate;
      }
    }
  }
}

function verdict({ index, record, size }: Nearest, defect: string | undefined, gallery: Gallery): MetricValue {
  if (defect !== undefined) return { value: null, reason: defect };
  if (size < 2) return { value: null, reason: "the gallery has no other picture to confuse the original with" };
  const chosen = Float64Array.from(gallery.pixels(index));
  const hit = Math.sqrt(squaredDistance(chosen, gallery.pixels(record))) <= 255 * NEAR_DUPLICATE;
  return { value: hit ? 1 : 0, note: `gallery of ${size} pictures, chance level 1/${size}` };
}

/** Sum of squared differences in byte units; stops early at a partial sum above `bound`. */
function squaredDistance(target: Float64Array, pixels: Uint8Array, bound = Number.POSITIVE_INFINITY): number {
  if (pixels.length !== target.length) {
    throw new RangeError(`the gallery's pictures have ${pixels.length} bytes, the reconstruction ${target.length}`);
  }
  let sum = 0;
  for (let start = 0; start < target.length && sum <= bound; start += STRIDE) {
    const end = Math.min(start + STRIDE, target.length);
    for (let i = start; i < end; i++) {
      const difference = target[i]! - pixels[i]!;
      sum += difference * difference;
    }
  }
  return sum;
}
