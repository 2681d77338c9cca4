// Small net with BatchNorm: 3x3 convolutions of 64, 64 and 128 channels (strides 1, 2, 2), each with BatchNorm and ReLU, and a linear layer.
// The convolutions have no bias, as BatchNorm would take it away again.
import type { ImageShape } from "../data/dataset.js";
import type { Model } from "./define.js";
import { chain, reluLayer } from "./layers.js";
import { convolution } from "./layers-image.js";
import { batchNormalisation } from "./layers-normalisation.js";

const layers = [
  { filters: 64, stride: 1 },
  { filters: 64, stride: 2 },
  { filters: 128, stride: 2 },
];

export default function convnetBn(inputShape: ImageShape, classes: number): Model {
  const body = layers.flatMap((options, i) => [
    convolution(`conv${i + 1}`, { ...options, kernel: 3, padding: 1, bias: false }),
    batchNormalisation(`bn${i + 1}`),
    reluLayer,
  ]);
  return chain("convnet-bn", inputShape, classes, body, { name: "fc" });
}
