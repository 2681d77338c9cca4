// Eight 3x3 convolutions of 64 channels with ReLU (strides 2 at the fourth and the sixth) and a linear layer: the benchmark net of
// spec/engine.md section 1. A matching step on one 32x32 image is 1.44 GFLOP (7 units of 2 FLOP per layer, 5 for the first).
import type { ImageShape } from "../data/dataset.js";
import type { Model } from "./define.js";
import { chain, reluLayer } from "./layers.js";
import { convolution } from "./layers-image.js";

const strides = [1, 1, 1, 2, 1, 2, 1, 1];

export default function convnet8(inputShape: ImageShape, classes: number): Model {
  const body = strides.flatMap((stride, i) => [
    convolution(`conv${i + 1}`, { filters: 64, kernel: 3, padding: 1, stride }),
    reluLayer,
  ]);
  return chain("convnet8", inputShape, classes, body, { name: "fc" });
}
