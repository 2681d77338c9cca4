// Net FC6-200 of spec/attacks-analytic.md 1.7, the six-layer net that SPEAR is measured on: five layers of 200 ReLU units, then the classes.
import type { ImageShape } from "../data/dataset.js";
import type { Model } from "./define.js";
import { heNormal } from "./initial.js";
import { chain, linear, reluLayer } from "./layers.js";

const initial = heNormal("in");

export default function fc6(inputShape: ImageShape, classes: number): Model {
  const body = [1, 2, 3, 4, 5].flatMap((i) => [linear(`fc${i}`, 200, { initial }), reluLayer]);
  return chain("fc6", inputShape, classes, body, { name: "fc6", initial });
}
