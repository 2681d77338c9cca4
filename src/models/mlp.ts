// Two fully connected layers, net N7 of spec/attacks-optimization.md 1.13: pixels to 256 ReLU units to the classes.
import type { ImageShape } from "../data/dataset.js";
import type { Model } from "./define.js";
import { chain, linear, reluLayer } from "./layers.js";

export default function mlp(inputShape: ImageShape, classes: number): Model {
  return chain("mlp", inputShape, classes, [linear("fc1", 256), reluLayer], { name: "fc2" });
}
