// Surrogate pictures come as the model sees them. Networks of an adversary learn on pixels in [0, 1], by the range that the pictures show.
import { sizeOf, type Tensor, tensor } from "../../math/tensor.js";

export interface UnitPictures {
  /** [N, C, H, W] in [0, 1]. */
  readonly pictures: Tensor;
  /** Per channel: a value v of the model's space is the pixel (v - low) / scale. */
  readonly low: readonly number[];
  readonly scale: readonly number[];
}

/** Maps the smallest value of each channel to 0 and the largest to 1, unless the pictures are pixels in [0, 1] already. */
export function unitPictures({ shape, data }: Tensor): UnitPictures {
  const [, channels, height, width] = shape as [number, number, number, number];
  const channelOf = (i: number) => Math.floor(i / (height * width)) % channels;
  const low = new Array<number>(channels).fill(Number.POSITIVE_INFINITY);
  const high = new Array<number>(channels).fill(Number.NEGATIVE_INFINITY);
  data.forEach((value, i) => {
    const channel = channelOf(i);
    low[channel] = Math.min(low[channel]!, value);
    high[channel] = Math.max(high[channel]!, value);
  });
  if (low.every((value) => value >= 0) && high.every((value) => value <= 1)) {
    return { pictures: { shape, data }, low: low.fill(0), scale: high.fill(1) };
  }
  const scale = low.map((value, channel) => high[channel]! - value || 1);
  const unit = data.map((value, i) => (value - low[channelOf(i)]!) / scale[channelOf(i)]!);
  return { pictures: tensor(shape, unit), low, scale };
}

/** Pictures [N, C, H, W] and after them their mirror images, left to right. */
export function withMirrored({ shape, data }: Tensor): Tensor {
  const width = shape[3]!;
  const both = new Float32Array(2 * data.length);
  both.set(data);
  for (let i = 0; i < data.length; i++) both[data.length + i] = data[i - (i % width) + (width - 1 - (i % width))]!;
  return tensor([2 * shape[0]!, ...shape.slice(1)], both);
}

/** Pixels in [0, 1] back in the model's space, [N, C, H, W]. */
export function toModelValues(pixels: Tensor, { low, scale }: Pick<UnitPictures, "low" | "scale">): Float32Array {
  const plane = sizeOf(pixels.shape.slice(2));
  return Float32Array.from(pixels.data, (value, i) => {
    const channel = Math.floor(i / plane) % low.length;
    return value * scale[channel]! + low[channel]!;
  });
}
