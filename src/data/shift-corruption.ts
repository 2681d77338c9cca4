// Damage to a picture, as a poor camera and a small file do it, one after the other: less contrast, a box blur, noise, and the coarse 8 by 8 blocks
// of JPEG (its discrete cosine transform and rounding; no colour transform, no coding). Every part grows with the severity.
import type { Random } from "../math/random.js";

interface Extent {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** What severity 1 takes: of the contrast; of sharpness, within so many pixels; the noise's deviation. */
const MOST_FADING = 0.4;
const MOST_BLUR = 2;
const MOST_NOISE = 0.15;

const BLOCK = 8;
/** Rounding steps in pixel units at severity 1, about JPEG's table at quality 50: from the block's mean on, finer shapes are kept less exactly. */
const stepOf = (u: number, v: number) => (16 + 7 * (u + v)) / 255;
/** A severity below this rounds to less than a thousandth of a byte; its steps could come out as zero. */
const LEAST = 1e-5;

/** Orthonormal cosines: row u of the transform. */
const COSINES = Array.from({ length: BLOCK }, (_, u) =>
  Float64Array.from(
    { length: BLOCK },
    (_, x) => Math.sqrt((u === 0 ? 1 : 2) / BLOCK) * Math.cos(((2 * x + 1) * u * Math.PI) / (2 * BLOCK)),
  ),
);

/** Damages `picture` (planar pixels in [0, 1], which they stay in) in place. */
export function corrupt(
  picture: Float64Array,
  { channels, height, width }: Extent,
  severity: number,
  random: Random,
): void {
  const noise = new Float64Array(picture.length);
  random.fillNormal(noise, 0, MOST_NOISE * severity);
  const plane = height * width;
  for (let c = 0; c < channels; c++) {
    const channel = picture.subarray(c * plane, (c + 1) * plane);
    fade(channel, severity);
    blur(channel, height, width, severity);
    for (let i = 0; i < plane; i++) channel[i]! += noise[c * plane + i]!;
    roundBlocks(channel, height, width, severity);
    for (let i = 0; i < plane; i++) channel[i] = Math.max(0, Math.min(1, channel[i]!));
  }
}

/** Towards middle grey. */
function fade(channel: Float64Array, severity: number): void {
  const kept = 1 - MOST_FADING * severity;
  for (let i = 0; i < channel.length; i++) channel[i] = 0.5 + kept * (channel[i]! - 0.5);
}

/** Mixes in the mean of the neighbourhood, which ends at the picture's edge. */
function blur(channel: Float64Array, height: number, width: number, severity: number): void {
  const sharp = channel.slice();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      let cells = 0;
      for (let v = Math.max(0, y - MOST_BLUR); v <= Math.min(height - 1, y + MOST_BLUR); v++) {
        for (let u = Math.max(0, x - MOST_BLUR); u <= Math.min(width - 1, x + MOST_BLUR); u++) {
          sum += sharp[v * width + u]!;
          cells++;
        }
      }
      channel[y * width + x] = (1 - severity) * sharp[y * width + x]! + (severity * sum) / cells;
    }
  }
}

/** Rounds the cosine coefficients of every block in place; blocks that reach over the edge see its last pixels repeated. */
export function roundBlocks(channel: Float64Array, height: number, width: number, severity: number): void {
  if (severity < LEAST) return;
  const block = new Float64Array(BLOCK * BLOCK);
  for (let top = 0; top < height; top += BLOCK) {
    for (let left = 0; left < width; left += BLOCK) {
      for (let y = 0; y < BLOCK; y++) {
        for (let x = 0; x < BLOCK; x++) {
          block[y * BLOCK + x] = channel[Math.min(height - 1, top + y) * width + Math.min(width - 1, left + x)]! - 0.5;
        }
      }
      const waves = transform(block, false);
      for (let v = 0; v < BLOCK; v++) {
        for (let u = 0; u < BLOCK; u++) {
          const step = severity * stepOf(u, v);
          waves[v * BLOCK + u] = Math.round(waves[v * BLOCK + u]! / step) * step;
        }
      }
      const rounded = transform(waves, true);
      for (let y = 0; y < Math.min(BLOCK, height - top); y++) {
        for (let x = 0; x < Math.min(BLOCK, width - left); x++) {
          channel[(top + y) * width + left + x] = 0.5 + rounded[y * BLOCK + x]!;
        }
      }
    }
  }
}

/** The cosine transform of a block along both axes, or its inverse. */
function transform(block: Float64Array, inverse: boolean): Float64Array {
  const cosine = (wave: number, pixel: number) => (inverse ? COSINES[pixel]![wave]! : COSINES[wave]![pixel]!);
  const rows = new Float64Array(BLOCK * BLOCK);
  const out = new Float64Array(BLOCK * BLOCK);
  for (let y = 0; y < BLOCK; y++) {
    for (let u = 0; u < BLOCK; u++) {
      for (let x = 0; x < BLOCK; x++) rows[y * BLOCK + u]! += cosine(u, x) * block[y * BLOCK + x]!;
    }
  }
  for (let v = 0; v < BLOCK; v++) {
    for (let u = 0; u < BLOCK; u++) {
      for (let y = 0; y < BLOCK; y++) out[v * BLOCK + u]! += cosine(v, y) * rows[y * BLOCK + u]!;
    }
  }
  return out;
}
