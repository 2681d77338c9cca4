// What a reconstruction is compared with besides the record: the picture that was really trained on, where a defense changed it first. A picture
// that comes back mirrored and shifted is far from its record by every pixel metric, and plain to the eye.
import type { Batch } from "../data/dataset.js";
import type { Normalization } from "../data/normalization.js";
import { tensor } from "../math/tensor.js";
import { splitBatch } from "../metrics/image.js";
import { RECOVERED_DB } from "./collect.js";
import { matchRecords } from "./score.js";

/** Pixels in [0, 1] of a batch as the model sees it. */
function toPixels({ inputs }: Batch, normalization: Normalization | null): ReturnType<typeof splitBatch> {
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

/**
 * Says how near the reconstructions come to what was trained on. Empty where that is the records themselves, where nobody trained, or where
 * nothing was reconstructed.
 */
export function notesOnTrained(
  reconstructions: ReturnType<typeof splitBatch>,
  originals: ReturnType<typeof splitBatch>,
  trained: Batch | undefined,
  normalization: Normalization | null,
): string[] {
  if (!trained || trained.labels.length === 0 || reconstructions.length === 0) return [];
  const seen = toPixels(trained, normalization);
  if (seen.every(({ data }) => originals.some((original) => isSame(data, original.data)))) return [];
  const matched = matchRecords(
    reconstructions,
    seen,
    seen.map((_, i) => i),
  );
  const figures = matched.flatMap(({ original, reconstruction }) =>
    reconstruction ? [decibels(original.data, reconstruction.data)] : [],
  );
  const best = Math.max(...figures);
  const back = figures.filter((figure) => figure >= RECOVERED_DB).length;
  return [
    `the defense changed the pictures before training; of those ${seen.length} changed picture(s), ${back} came back at ${RECOVERED_DB} dB or more (best ${best.toFixed(1)} dB)`,
  ];
}
