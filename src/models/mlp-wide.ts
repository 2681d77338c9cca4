// One wide hidden layer, pixels to 1,000 ReLU units to the classes: the first layer of the fully connected net of Boenisch et al. 2023, on
// which trap weights are measured (spec/attacks-analytic.md 3.3 and 4.1).
import type { ImageShape } from "../data/dataset.js";
import type { Model } from "./define.js";
import { chain, linear, reluLayer } from "./layers.js";

export default function mlpWide(inputShape: ImageShape, classes: number): Model {
  return chain("mlp-wide", inputShape, classes, [linear("fc1", 1000), reluLayer], { name: "fc2" });
}
