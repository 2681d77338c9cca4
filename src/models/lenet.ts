// LeNet of "Deep Leakage from Gradients" (Zhu et al. 2019), net N1 of spec/attacks-optimization.md 1.13: three 5x5 convolutions of 12
// channels (strides 2, 2, 1), sigmoid, one linear layer; all weights and biases uniform in ±0.5. Names as in the authors' code.
import type { ImageShape } from "../data/dataset.js";
import type { Model } from "./define.js";
import { uniform } from "./initial.js";
import { chain, type Layer, reluLayer, sigmoidLayer } from "./layers.js";
import { convolution } from "./layers-image.js";

const initial = uniform(0.5);

export default function lenet(inputShape: ImageShape, classes: number): Model {
  return lenetWith("lenet", sigmoidLayer, inputShape, classes);
}

/** The same net with ReLU: its twin for showing what of an attack rests on smooth activations. */
export function lenetRelu(inputShape: ImageShape, classes: number): Model {
  return lenetWith("lenet-relu", reluLayer, inputShape, classes);
}

function lenetWith(id: string, activation: Layer, inputShape: ImageShape, classes: number): Model {
  const layer = (name: string, stride: number) =>
    convolution(name, { filters: 12, kernel: 5, padding: 2, stride, initial });
  const body = [layer("body.0", 2), activation, layer("body.2", 2), activation, layer("body.4", 1), activation];
  return chain(id, inputShape, classes, body, { name: "fc.0", initial });
}
