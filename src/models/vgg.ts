// VGG nets of "Very Deep Convolutional Networks for Large-Scale Image Recognition" (Simonyan and Zisserman 2014), configurations A and D,
// with torchvision's names and initialisation. As there, adaptive pooling to 7x7 lets the classifier take any input of 32 pixels or more.
// Dropout is left out: an update that was made with it is matched without it.
import type { ImageShape } from "../data/dataset.js";
import type { Model } from "./define.js";
import { heNormal, normal } from "./initial.js";
import { chain, linear, reluLayer } from "./layers.js";
import { convolution } from "./layers-image.js";
import { adaptivePooling, maxPooling } from "./layers-pooling.js";

const POOL = "pool";

const table = {
  vgg11: [64, POOL, 128, POOL, 256, 256, POOL, 512, 512, POOL, 512, 512, POOL],
  vgg16: [64, 64, POOL, 128, 128, POOL, 256, 256, 256, POOL, 512, 512, 512, POOL, 512, 512, 512, POOL],
} as const;

const HIDDEN = 4096;
const initial = normal(0.01);

/** `hidden`: units of the two hidden layers of the classifier. */
const make =
  (id: keyof typeof table) =>
  (inputShape: ImageShape, classes: number, hidden = HIDDEN): Model => {
    // torchvision numbers convolutions, activations and pools alike.
    let position = 0;
    const features = table[id].flatMap((entry) => {
      const name = `features.${position}`;
      position += entry === POOL ? 1 : 2;
      if (entry === POOL) return [maxPooling({ kernel: 2, stride: 2 })];
      return [convolution(name, { filters: entry, kernel: 3, padding: 1, initial: heNormal("out") }), reluLayer];
    });
    const classifier = ["classifier.0", "classifier.3"].flatMap((name) => [
      linear(name, hidden, { initial }),
      reluLayer,
    ]);
    const layers = [...features, adaptivePooling(7, 7), ...classifier];
    return chain(id, inputShape, classes, layers, { name: "classifier.6", initial });
  };

export const vgg11 = make("vgg11");
export const vgg16 = make("vgg16");
