// Wide LeNet, net N2 of spec/attacks-optimization.md 1.13: the LeNet topology with 64 channels, ReLU and fan-in initialisation.
import type { ImageShape } from "../data/dataset.js";
import type { Model } from "./define.js";
import { chain, reluLayer } from "./layers.js";
import { convolution } from "./layers-image.js";

export default function lenetWide(inputShape: ImageShape, classes: number): Model {
  const layer = (name: string, stride: number) => convolution(name, { filters: 64, kernel: 5, padding: 2, stride });
  const body = [layer("body.0", 2), reluLayer, layer("body.2", 2), reluLayer, layer("body.4", 1), reluLayer];
  return chain("lenet-wide", inputShape, classes, body, { name: "fc.0" });
}
