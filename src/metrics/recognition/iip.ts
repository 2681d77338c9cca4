// Image identifiability precision (Yin et al., "See through Gradients", CVPR 2021): is a reconstruction nearer to its
// own original than to every other picture of the gallery? Project definition in spec/metrics.md section 3.8.
// The mean over pairs is the IIP; `wilson` gives its interval.
import { defineMetric, type Gallery, type MetricValue, type ScoreInput } from "../define.js";
import { findDefects } from "../image.js";
import { squaredDistance } from "../squared-distance.js";
import type { Search } from "./search.js";
import { searchFeatures } from "./search-features.js";
import { searchLpips } from "./search-lpips.js";
import { searchPixels } from "./search-pixels.js";

/** Pictures within this Euclidean distance (unit range) of the original count as the original, as in breaching. */
const NEAR_DUPLICATE = 1e-3;

type Admits = (gallery: Gallery, candidate: number, record: number) => boolean;

const all: Admits = () => true;
const sameLabel: Admits = (gallery, candidate, record) => gallery.label(candidate) === gallery.label(record);

const among = { all: "among all pictures of the gallery", sameLabel: "among those with the original's label" };

const variant = (title: string, search: Search, admits: Admits) => ({
  title,
  score: (input: ScoreInput) => identify(input, search, admits),
});

export default defineMetric({
  id: "iip",
  title: "Image identifiability precision",
  source: "Yin et al. 2021; spec/metrics.md 3.8",
  moreLeakage: "higher",
  range: [0, 1],
  needs: ["gallery"],
  defaultVariant: "pixel@all",
  variants: {
    "pixel@all": variant(`nearest by pixels ${among.all}`, searchPixels, all),
    "pixel@same-label": variant(`nearest by pixels ${among.sameLabel}`, searchPixels, sameLabel),
    "feature@all": variant(`nearest by ResNet-20 features ${among.all}`, searchFeatures, all),
    "feature@same-label": variant(`nearest by ResNet-20 features ${among.sameLabel}`, searchFeatures, sameLabel),
    "lpips@all": variant(`nearest by LPIPS ${among.all}`, searchLpips, all),
    "lpips@same-label": variant(`nearest by LPIPS ${among.sameLabel}`, searchLpips, sameLabel),
  },
});

/** 1 for a hit and 0 for a miss, per pair. */
async function identify(input: ScoreInput, search: Search, admits: Admits): Promise<MetricValue[]> {
  const defects = findDefects(input);
  const { gallery, records, reconstructions } = input;
  if (gallery === undefined || records === undefined) {
    return defects.map(() => ({ value: null, reason: "no gallery to search was given" }));
  }
  if (records.length !== reconstructions.length) {
    throw new RangeError(`iip needs the record of every original: ${reconstructions.length}, got ${records.length}`);
  }
  const rivals = countRivals(gallery, records, admits);
  const reasons = reconstructions.map((picture, pair) => {
    if (defects[pair] !== undefined) return defects[pair];
    return rivals[pair]! < 2 ? "the gallery has no other picture to confuse the original with" : search.refuse(picture);
  });
  const judged = [...records.keys()].filter((pair) => reasons[pair] === undefined);
  const sought = judged.map((pair) => {
    const record = records[pair]!;
    return { picture: reconstructions[pair]!, record, admits: (index: number) => admits(gallery, index, record) };
  });
  const nearest = await search.find(sought, gallery);
  const nearestOf = new Map(judged.map((pair, i) => [pair, nearest[i]!]));
  return records.map((record, pair) => {
    const reason = reasons[pair];
    if (reason !== undefined) return { value: null, reason };
    return verdict(nearestOf.get(pair)!, record, rivals[pair]!, gallery);
  });
}

/** Per original the number of pictures in the running, itself included. Throws RangeError for a record outside the gallery. */
function countRivals(gallery: Gallery, records: readonly number[], admits: Admits): number[] {
  return records.map((record, pair) => {
    if (!Number.isInteger(record) || record < 0 || record >= gallery.length) {
      throw new RangeError(`pair ${pair}: record ${record} is outside the gallery of ${gallery.length} pictures`);
    }
    let count = 0;
    for (let index = 0; index < gallery.length; index++) if (admits(gallery, index, record)) count++;
    return count;
  });
}

function verdict(nearest: number, record: number, size: number, gallery: Gallery): MetricValue {
  const chosen = Float64Array.from(gallery.pixels(nearest));
  const hit = Math.sqrt(squaredDistance(chosen, gallery.pixels(record))) <= 255 * NEAR_DUPLICATE;
  return { value: hit ? 1 : 0, note: `gallery of ${size} pictures, chance level 1/${size}` };
}
