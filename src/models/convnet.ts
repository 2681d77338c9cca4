// Small ReLU network, net N3 of spec/attacks-optimization.md 1.13: 3x3 convolutions of 32, 32 and 64 channels (strides 1, 2, 2), linear.
import type { ImageShape } from "../data/dataset.js";
import type { Model } from "./define.js";
import { chain, reluLayer } from "./layers.js";
import { convolution } from "./layers-image.js";

export default function convnet(inputShape: ImageShape, classes: number): Model {
  const layer = (name: string, filters: number, stride: number) =>
    convolution(name, { filters, kernel: 3, padding: 1, stride });
  const body = [layer("conv1", 32, 1), reluLayer, layer("conv2", 32, 2), reluLayer, layer("conv3", 64, 2), reluLayer];
  return chain("convnet", inputShape, classes, body, { name: "fc" });
}
