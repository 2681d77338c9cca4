// Pictures as they travel in results: PNG data URIs, the original only as the policy allows.
import { pngDataUri } from "../data/png.js";
import type { Image } from "../metrics/define.js";
import type { CaseSpec } from "./case.js";

const toUnit = (data: ArrayLike<number>) => Float64Array.from(data, (value) => (value > 0 ? Math.min(1, value) : 0));

/** A PNG data URI of a picture, clamped to [0, 1]. */
export const picture = ({ shape, data }: Image): string => pngDataUri({ shape, data: toUnit(data) });

const BLUR_BLOCK = 8;

/** The original as the policy allows: whole, as a mosaic of block means, or not at all. */
export function originalPicture(image: Image, policy: CaseSpec["originals"]): string | null {
  if (policy === "omit") return null;
  if (policy === "show") return picture(image);
  const [channels, height, width] = image.shape;
  const data = new Float64Array(image.data.length);
  for (let c = 0; c < channels; c++) {
    for (let top = 0; top < height; top += BLUR_BLOCK) {
      for (let left = 0; left < width; left += BLUR_BLOCK) {
        const cells: number[] = [];
        for (let y = top; y < Math.min(height, top + BLUR_BLOCK); y++) {
          for (let x = left; x < Math.min(width, left + BLUR_BLOCK); x++) cells.push((c * height + y) * width + x);
        }
        const average = cells.reduce((sum, cell) => sum + image.data[cell]!, 0) / cells.length;
        for (const cell of cells) data[cell] = average;
      }
    }
  }
  return picture({ shape: image.shape, data });
}
