// Between the space that clients train in and pixels. Without basic knowledge an adversary assumes raw pixels in [0, 1].
import { add, channelwise, mul, type Node } from "../../engine/index.js";
import { type FloatArray, type Tensor, tensor } from "../../math/tensor.js";
import type { BasicKnowledge, Normalization } from "../../threat/observation.js";

/** What an adversary without the capability assumes: one image, raw pixels, mean cross-entropy (DESIGN.md section 7). */
export const assumedKnowledge: BasicKnowledge = {
  batchSize: 1,
  normalization: null,
  pixelRange: [0, 1],
  loss: { kind: "cross-entropy", reduction: "mean" },
};

/** Smallest and largest value of each channel in the space that the model sees. */
export function modelRange(
  { normalization, pixelRange: [low, high] }: BasicKnowledge,
  channel: number,
): [number, number] {
  if (!normalization) return [low, high];
  const { mean, deviation } = normalization;
  return [(low - mean[channel]!) / deviation[channel]!, (high - mean[channel]!) / deviation[channel]!];
}

/** Model-space images [K, C, H, W] as pixels. */
export function toPixels(data: FloatArray, shape: readonly number[], normalization: Normalization | null): Tensor {
  if (!normalization) return tensor(shape, data.slice());
  const plane = shape[2]! * shape[3]!;
  const channels = shape[1]!;
  const pixels = data.map((value, i) => {
    const channel = Math.floor(i / plane) % channels;
    return value * normalization.deviation[channel]! + normalization.mean[channel]!;
  });
  return tensor(shape, pixels);
}

/** Traced pixels [K, C, H, W] as the model sees them: the inverse of `toPixels`. */
export function toModelSpace(pixels: Node, normalization: Normalization | null): Node {
  if (!normalization) return pixels;
  const { mean, deviation } = normalization;
  const perChannel = (of: (channel: number) => number): Node =>
    channelwise(pixels.graph.constant(tensor([mean.length], Float64Array.from(mean.keys(), of))), pixels);
  return add(
    mul(
      pixels,
      perChannel((c) => 1 / deviation[c]!),
    ),
    perChannel((c) => -mean[c]! / deviation[c]!),
  );
}
