// Batches as the model sees them, led through policies as pictures of bytes.
import type { Batch, ImageShape } from "../../../data/dataset.js";
import type { Normalization } from "../../../data/normalization.js";
import type { Random } from "../../../math/random.js";
import { type FloatArray, sizeOf, tensor } from "../../../math/tensor.js";
import { applyPolicy, cropAndFlip, type Policy } from "./policies.js";

export interface Crop {
  readonly padding: number;
  readonly flip: boolean;
}

/** From a value of one sample to its byte, and back. */
const scaleOf = ([, height, width]: ImageShape, normalization: Normalization | null) => {
  const channel = (position: number) => Math.floor(position / (height * width));
  const mean = (position: number) => normalization?.mean[channel(position)] ?? 0;
  const deviation = (position: number) => normalization?.deviation[channel(position)] ?? 1;
  return {
    toByte: (value: number, i: number) => Math.round(255 * Math.max(0, Math.min(1, value * deviation(i) + mean(i)))),
    fromByte: (byte: number, i: number) => (byte / 255 - mean(i)) / deviation(i),
  };
};

/** Every sample cropped and flipped where `crop` says how, then through one of the policies, drawn evenly. */
export function transformPixels<B extends Batch>(
  batch: B,
  normalization: Normalization | null,
  policies: readonly Policy[],
  crop: Crop | null,
  random: Random,
): B {
  const { shape, data } = batch.inputs;
  const image = shape.slice(1) as unknown as ImageShape;
  const size = sizeOf(image);
  const { toByte, fromByte } = scaleOf(image, normalization);
  const after = new Float64Array(data.length);
  batch.labels.forEach((_, row) => {
    const values: FloatArray = data.subarray(row * size, (row + 1) * size);
    const picture = { shape: image, bytes: Uint8Array.from(values, toByte) };
    const seen = crop ? cropAndFlip(picture, crop.padding, crop.flip, random) : picture;
    const changed = applyPolicy(seen, policies[random.integer(policies.length)]!, random);
    after.set(Float64Array.from(changed.bytes, fromByte), row * size);
  });
  return { ...batch, inputs: tensor(shape, after) };
}
