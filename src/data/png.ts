// Pictures as PNG, for reports and run folders.
import { encode } from "fast-png";
import type { FloatArray } from "../math/tensor.js";
import type { ImageShape } from "./dataset.js";

/** A picture, planar: channel, row, column. Numbers are pixels in [0, 1]; bytes are pixels in 0 to 255. */
export interface Picture {
  readonly shape: ImageShape;
  readonly data: FloatArray | Uint8Array;
}

/** A pixel in [0, 1] as a byte; numbers outside are clamped, and NaN becomes black. */
function toByte(value: number): number {
  return value > 0 ? Math.round(Math.min(value, 1) * 255) : 0;
}

/** PNG bytes of a picture with 1 (grey) or 3 (RGB) channels. Throws RangeError for any other shape. */
export function encodePng({ shape, data }: Picture): Uint8Array {
  const [channels, height, width] = shape;
  const area = height * width;
  if ((channels !== 1 && channels !== 3) || data.length !== channels * area || area === 0) {
    const wanted = "a picture of 1 or 3 channels with as many numbers as its shape says";
    throw new RangeError(`expected ${wanted}, got shape [${shape.join(", ")}] with ${data.length} numbers`);
  }
  const isBytes = data instanceof Uint8Array;
  const interleaved = new Uint8Array(data.length);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < area; i++) {
      const value = data[c * area + i]!;
      interleaved[i * channels + c] = isBytes ? value : toByte(value);
    }
  }
  return encode({ width, height, channels, depth: 8, data: interleaved });
}

/** The picture as `data:image/png;base64,…`, ready for the `src` of an image. */
export function pngDataUri(picture: Picture): string {
  return `data:image/png;base64,${Buffer.from(encodePng(picture)).toString("base64")}`;
}
