// Centre crop to a square and resize: the exact mean over each target pixel's area when shrinking, bilinear otherwise.
import type { RgbPicture } from "./planar.js";

/** Source pixels `first`, `first + 1`, … and their weights (sum 1) for one target pixel along one axis. */
interface Taps {
  readonly first: number;
  readonly weights: readonly number[];
}

function tapsOf(from: number, to: number): Taps[] {
  const ratio = from / to;
  return Array.from({ length: to }, (_, i) => {
    if (ratio >= 1) {
      const [low, high] = [i * ratio, Math.min(from, (i + 1) * ratio)];
      const first = Math.floor(low);
      const count = Math.ceil(high) - first;
      const overlap = (j: number) => Math.min(high, first + j + 1) - Math.max(low, first + j);
      return { first, weights: Array.from({ length: count }, (_, j) => overlap(j) / (high - low)) };
    }
    const center = Math.min(from - 1, Math.max(0, (i + 0.5) * ratio - 0.5));
    const first = Math.floor(center);
    const share = center - first;
    return { first, weights: share === 0 ? [1] : [1 - share, share] };
  });
}

/** Planar RGB bytes, [3, size, size], of the largest centred square of the picture. */
export function fitSquare({ shape: [channels, height, width], data }: RgbPicture, size: number): Uint8Array {
  const side = Math.min(height, width);
  const left = Math.floor((width - side) / 2);
  const top = Math.floor((height - side) / 2);
  const taps = tapsOf(side, size);
  const out = new Uint8Array(channels * size * size);
  const row = new Float64Array(side);
  for (let c = 0; c < channels; c++) {
    for (const [y, vertical] of taps.entries()) {
      row.fill(0);
      for (const [j, weight] of vertical.weights.entries()) {
        const start = (c * height + top + vertical.first + j) * width + left;
        for (let x = 0; x < side; x++) row[x]! += weight * data[start + x]!;
      }
      for (const [x, horizontal] of taps.entries()) {
        let sum = 0;
        for (const [j, weight] of horizontal.weights.entries()) sum += weight * row[horizontal.first + j]!;
        out[(c * size + y) * size + x] = Math.round(sum);
      }
    }
  }
  return out;
}
