// The net of "R-GAP: Recursive Gradient Attack on Privacy" (Zhu and Blaschko 2021; spec/attacks-analytic.md 2.1): six convolutions and a
// linear layer, none with a bias, and leaky ReLU of slope 0.2, so that every layer can be inverted. The paper's head has one output.
import type { ImageShape } from "../data/dataset.js";
import { leakyRelu } from "../engine/index.js";
import type { Model } from "./define.js";
import { activation, chain } from "./layers.js";
import { convolution } from "./layers-image.js";

const layers = [
  { filters: 12, kernel: 4, stride: 2, padding: 2 },
  { filters: 36, kernel: 3, stride: 2, padding: 1 },
  { filters: 36, kernel: 3, stride: 1, padding: 1 },
  { filters: 36, kernel: 3, stride: 1, padding: 1 },
  { filters: 64, kernel: 3, stride: 2, padding: 1 },
  { filters: 128, kernel: 3, stride: 1, padding: 1 },
];

const leakyReluLayer = activation((x) => leakyRelu(x, 0.2));

export default function cnn6(inputShape: ImageShape, classes: number): Model {
  const body = layers.flatMap((options, i) => [
    convolution(`conv${i + 1}`, { ...options, bias: false }),
    leakyReluLayer,
  ]);
  return chain("cnn6", inputShape, classes, body, { name: "fc", bias: false });
}
