// What all picture metrics share: cutting batches, clamping, planes, and the checks made before any figure
// (conventions 1, 2 and 7 of spec/metrics.md section 1).
import type { Tensor } from "../math/tensor.js";
import type { Image, MetricValue, ScoreInput } from "./define.js";

/** ITU-R BT.601 weights of red, green and blue. */
const LUMA_WEIGHTS = [0.299, 0.587, 0.114] as const;

/**
 * Cuts a batch of shape [N, C, H, W] into N pictures of shape [C, H, W]. The pictures are views on the batch's data.
 * Throws RangeError when the batch has not four axes.
 */
export function splitBatch(batch: Tensor): Image[] {
  const [count, channels, height, width] = batch.shape;
  if (batch.shape.length !== 4 || count === undefined || !channels || !height || !width) {
    throw new RangeError(`splitBatch expects a batch of pictures [N, C, H, W], got shape [${batch.shape.join(", ")}]`);
  }
  const size = channels * height * width;
  return Array.from({ length: count }, (_, index) => ({
    shape: [channels, height, width],
    data: batch.data.subarray(index * size, (index + 1) * size),
  }));
}

/** A float64 copy with every pixel limited to [0, 1]. NaN stays NaN, so that a failed attack is not given a picture. */
export function clampImage(image: Image): Image {
  return { shape: image.shape, data: Float64Array.from(image.data, (value) => Math.min(Math.max(value, 0), 1)) };
}

/** One channel, rows * columns entries, as a view on the picture's data. */
export function planeOf(image: Image, channel: number): Image["data"] {
  const size = image.shape[1] * image.shape[2];
  return image.data.subarray(channel * size, (channel + 1) * size);
}

/** Brightness 0.299 R + 0.587 G + 0.114 B of a colour picture, in the picture's own range; rows * columns entries. */
export function lumaOf(image: Image): Float64Array {
  const luma = new Float64Array(image.shape[1] * image.shape[2]);
  LUMA_WEIGHTS.forEach((weight, channel) => {
    const plane = planeOf(image, channel);
    for (let i = 0; i < luma.length; i++) luma[i]! += weight * plane[i]!;
  });
  return luma;
}

/** Shape as a person writes it: `3x32x32`. */
export function describeShape(image: Image): string {
  return image.shape.join("x");
}

/**
 * For every pair, the reason why no metric can judge it, or undefined when all is well.
 * Throws RangeError when the lists do not belong together or when pixels were not clamped to [0, 1].
 */
export function findDefects({ reconstructions, originals }: ScoreInput): (string | undefined)[] {
  if (reconstructions.length !== originals.length) {
    throw new RangeError(
      `metrics need as many reconstructions as originals, got ${reconstructions.length} and ${originals.length}; ` +
        "match them first (matchBatch)",
    );
  }
  return reconstructions.map((reconstruction, pair) => {
    const original = originals[pair]!;
    if (describeShape(reconstruction) !== describeShape(original)) {
      throw new RangeError(
        `pair ${pair}: the reconstruction is ${describeShape(reconstruction)} but its original is ` +
          `${describeShape(original)}; metrics compare pictures of one size`,
      );
    }
    if (!isUsable(original, `pair ${pair}: the original`)) return "the original has pixels that are not numbers";
    if (!isUsable(reconstruction, `pair ${pair}: the reconstruction`)) {
      return "the reconstruction has pixels that are not numbers: the attack diverged";
    }
    return undefined;
  });
}

/**
 * Judges pair by pair; pairs with a defect become null with the reason.
 * Throws RangeError as `findDefects` does.
 */
export function scorePairs(
  input: ScoreInput,
  score: (reconstruction: Image, original: Image) => MetricValue,
): MetricValue[] {
  return findDefects(input).map((defect, pair) =>
    defect === undefined
      ? score(input.reconstructions[pair]!, input.originals[pair]!)
      : { value: null, reason: defect },
  );
}

function isUsable(image: Image, name: string): boolean {
  for (const value of image.data) {
    if (Number.isNaN(value)) return false;
    if (value < 0 || value > 1) {
      throw new RangeError(`${name} has the pixel ${value}, metrics expect [0, 1]; undo the normalisation and clamp`);
    }
  }
  return true;
}
