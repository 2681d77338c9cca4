// Is a picture a copy of one under attack, although no byte is the same: stored as JPEG, resized, noisy, lighter, mirrored? Surrogate pictures
// must not hold such copies (spec/attacks-generative.md 1.3). Compared are 8 by 8 block means, each channel about its own mean, the whole at unit
// deviation. The rates of the bound stand beside it.
import type { ImageShape } from "./dataset.js";

const GRID = 8;
/** Bytes of deviation that may be noise: pictures flatter than this count as flat, so that noise alone tells none apart. */
const FLAT = 2;
/** A shift of a channel's mean by this many bytes weighs as much as no resemblance at all: a change of exposure is a small one. */
const EXPOSURE = 256;
/**
 * Pictures at most this far apart are near duplicates. Of CIFAR-10's 4,000 training pictures it finds every copy of JPEG quality 75 (4:2:0; the
 * farthest is at 0.028), of 500 all noisy (deviation 10 bytes), lighter and paler ones, 99 % of quality 30, 98 % shrunk to 20 pixels and back, 85 %
 * moved by a pixel. Of 4 million pairs of training and test pictures it names two: one photo of a horse in both, and a car taken for a ship. Wrongly named
 * are 1 of 10^6 pairs of portraits, 2 of 10^4 of emoji (variants of one sign) and 5 of 10^3 of photo patches (dark sky).
 */
const BOUND = 0.04;

interface Signature {
  readonly blocks: Float64Array;
  /** Per channel, in units of EXPOSURE. */
  readonly means: readonly number[];
}

/** Of planar bytes; `mirrored` reads the rows from the right. */
function signatureOf(pixels: Uint8Array, [channels, height, width]: ImageShape, mirrored: boolean): Signature {
  const rows = Math.min(GRID, height);
  const columns = Math.min(GRID, width);
  const cells = rows * columns;
  const blocks = new Float64Array(channels * cells);
  const counts = new Float64Array(cells);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const cell = Math.floor((y * rows) / height) * columns + Math.floor((x * columns) / width);
      const from = y * width + (mirrored ? width - 1 - x : x);
      counts[cell]!++;
      for (let c = 0; c < channels; c++) blocks[c * cells + cell]! += pixels[c * height * width + from]!;
    }
  }
  const means = Array.from({ length: channels }, (_, c) => {
    const channel = blocks.subarray(c * cells, (c + 1) * cells);
    for (let i = 0; i < cells; i++) channel[i]! /= counts[i]!;
    const mean = channel.reduce((sum, value) => sum + value, 0) / cells;
    for (let i = 0; i < cells; i++) channel[i]! -= mean;
    return mean / EXPOSURE;
  });
  const scale = Math.sqrt(blocks.reduce((sum, value) => sum + value * value, 0) / blocks.length) + FLAT;
  return { blocks: blocks.map((value) => value / scale), means };
}

/** 0 for equal pictures, about 1 for unrelated ones: 1 less the correlation of the blocks where neither is flat, and the exposure. */
function distance(a: Signature, b: Signature): number {
  let sum = 0;
  for (let i = 0; i < a.blocks.length; i++) sum += (a.blocks[i]! - b.blocks[i]!) ** 2;
  const exposure = a.means.reduce((total, mean, c) => total + (mean - b.means[c]!) ** 2, 0);
  return sum / (2 * a.blocks.length) + exposure / a.means.length;
}

/**
 * Tells whether a picture (planar bytes) is one of `originals` or nearly so, as it is or mirrored. Not seen: rotations, most crops and copies in
 * grey. Throws RangeError for pictures that are not of `shape`.
 */
export function nearDuplicateOf(originals: readonly Uint8Array[], shape: ImageShape): (pixels: Uint8Array) => boolean {
  const size = shape[0] * shape[1] * shape[2];
  const sign = (pixels: Uint8Array, mirrored: boolean) => {
    if (pixels.length !== size) {
      throw new RangeError(`expected pictures of ${shape.join("x")}, so ${size} bytes, got ${pixels.length}`);
    }
    return signatureOf(pixels, shape, mirrored);
  };
  const known = originals.flatMap((pixels) => [sign(pixels, false), sign(pixels, true)]);
  return (pixels) => {
    const signature = sign(pixels, false);
    return known.some((original) => distance(original, signature) <= BOUND);
  };
}
