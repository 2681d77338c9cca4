// Brings several reconstructions of one image to a common place before they are averaged: the whole-pixel translation under which the parts that
// overlap differ least. A declared simplification of GradInversion's RANSAC flow (spec/attacks-optimization.md 2.4, which proposes phase
// correlation: measured here, that often misses the shift of smooth 32x32 patches, whose edges do not wrap around).
import type { FloatArray } from "../../../math/tensor.js";

export interface Extent {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/**
 * Rows and columns by which `image` has to move to lie on `reference`, each at most an eighth of the side. The smallest such move where several
 * do equally well.
 */
export function translationTo(reference: FloatArray, image: FloatArray, extent: Extent): readonly [number, number] {
  const [rows, columns] = [Math.floor(extent.height / 8), Math.floor(extent.width / 8)];
  let best = {
    difference: overlapDifference(reference, image, extent, 0, 0),
    place: [0, 0] as readonly [number, number],
  };
  for (let dy = -rows; dy <= rows; dy++) {
    for (let dx = -columns; dx <= columns; dx++) {
      const difference = overlapDifference(reference, image, extent, dy, dx);
      if (difference < best.difference) best = { difference, place: [dy, dx] };
    }
  }
  return best.place;
}

/** Mean squared difference where `image`, moved by `dy` and `dx`, covers `reference`. */
function overlapDifference(
  reference: FloatArray,
  image: FloatArray,
  { channels, height, width }: Extent,
  dy: number,
  dx: number,
): number {
  const [top, bottom] = [Math.max(0, dy), Math.min(height, height + dy)];
  const [left, right] = [Math.max(0, dx), Math.min(width, width + dx)];
  let sum = 0;
  for (let c = 0; c < channels; c++) {
    for (let y = top; y < bottom; y++) {
      const [here, there] = [(c * height + y) * width, (c * height + y - dy) * width - dx];
      for (let x = left; x < right; x++) sum += (reference[here + x]! - image[there + x]!) ** 2;
    }
  }
  return sum / (channels * (bottom - top) * (right - left));
}

/** The picture moved down by `rows` and right by `columns`; the edge repeats. */
export function moved(
  image: FloatArray,
  { channels, height, width }: Extent,
  [rows, columns]: readonly [number, number],
): Float64Array {
  const clamp = (value: number, size: number) => Math.max(0, Math.min(size - 1, value));
  const out = new Float64Array(image.length);
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const from = (c * height + clamp(y - rows, height)) * width + clamp(x - columns, width);
        out[(c * height + y) * width + x] = image[from]!;
      }
    }
  }
  return out;
}

/**
 * One picture that several stand for: their mean as they are (`lazy`), or after each has been brought to the place of that mean
 * (`registered`).
 */
export function consensus(images: readonly FloatArray[], extent: Extent, how: "lazy" | "registered"): Float64Array {
  const mean = meanOf(images);
  if (how === "lazy") return mean;
  return meanOf(images.map((image) => moved(image, extent, translationTo(mean, image, extent))));
}

function meanOf(images: readonly FloatArray[]): Float64Array {
  const mean = new Float64Array(images[0]!.length);
  for (const image of images) {
    for (let i = 0; i < mean.length; i++) mean[i] = mean[i]! + image[i]! / images.length;
  }
  return mean;
}
