// What a reconstruction is compared with besides the record: the picture that was really trained on, where a defense changed it first. A picture
// that comes back mirrored and shifted is far from its record by every pixel metric, and plain to the eye: it leaks all the same.
import type { Batch } from "../data/dataset.js";
import type { Normalization } from "../data/normalization.js";
import { tensor } from "../math/tensor.js";
import type { Image } from "../metrics/define.js";
import { clampImage, splitBatch } from "../metrics/image.js";
import { matchBatch } from "../metrics/match.js";
import { LEAD_DB, RECOVERED_DB } from "./collect.js";

/** Pixels in [0, 1] of a batch as the model sees it. */
function toPixels({ inputs }: Batch, normalization: Normalization | null): readonly Image[] {
  const plane = inputs.shape[2]! * inputs.shape[3]!;
  const data = Float64Array.from(inputs.data, (value, i) => {
    const channel = Math.floor(i / plane) % inputs.shape[1]!;
    return value * (normalization?.deviation[channel] ?? 1) + (normalization?.mean[channel] ?? 0);
  });
  return splitBatch(tensor(inputs.shape, data));
}

/** The largest difference that rounding to bytes and back leaves. */
const SAME = 1 / 255;

const isSame = (a: ArrayLike<number>, b: ArrayLike<number>): boolean =>
  a.length === b.length && Array.prototype.every.call(a, (value: number, i: number) => Math.abs(value - b[i]!) <= SAME);

/** PSNR in dB; 120 at most. */
function decibels(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let error = 0;
  for (let i = 0; i < a.length; i++) error += (a[i]! - b[i]!) ** 2 / a.length;
  return Math.min(120, -10 * Math.log10(error));
}

export interface TrainedComparison {
  readonly notes: readonly string[];
  /** Per reconstruction why it is a leak of what was trained on; null where it is none. */
  readonly leaks: readonly (string | null)[];
}

/**
 * Says how near the reconstructions come to what was trained on. A reconstruction leaks a changed picture that it meets at RECOVERED_DB and by
 * LEAD_DB better than the best of `guesses`. No notes and no leaks where the records themselves were trained on, where nobody trained, or where
 * nothing was reconstructed.
 */
export function compareWithTrained(
  reconstructions: readonly Image[],
  originals: readonly Image[],
  trained: Batch | undefined,
  normalization: Normalization | null,
  guesses: readonly Image[],
): TrainedComparison {
  const leaks: (string | null)[] = reconstructions.map(() => null);
  if (!trained || trained.labels.length === 0 || reconstructions.length === 0) return { notes: [], leaks };
  const seen = toPixels(trained, normalization);
  if (seen.every(({ data }) => originals.some((original) => isSame(data, original.data)))) return { notes: [], leaks };
  const clamped = reconstructions.map(clampImage);
  const figures = matchBatch(clamped, seen).pairs.map((pair) => {
    const { data } = seen[pair.original]!;
    const figure = decibels(data, clamped[pair.reconstruction]!.data);
    const floor = Math.max(...guesses.map((guess) => decibels(data, clampImage(guess).data)));
    if (figure >= RECOVERED_DB && figure - floor >= LEAD_DB) {
      leaks[pair.reconstruction] =
        `leaked as the defense changed it: ${figure.toFixed(1)} dB against the picture that was trained on (floor ${floor.toFixed(1)} dB)`;
    }
    return figure;
  });
  const back = figures.filter((figure) => figure >= RECOVERED_DB).length;
  const best = Math.max(...figures).toFixed(1);
  return {
    notes: [
      `the defense changed the pictures before training; of those ${seen.length} changed picture(s), ${back} came back at ${RECOVERED_DB} dB or more (best ${best} dB)`,
    ],
    leaks,
  };
}
