// ResNet-20 for CIFAR of He et al. 2015, section 4.2, with the names and initialisation of akamaster/pytorch_resnet_cifar10, whose trained
// weights it loads. Shortcuts across stages have no parameters: every second pixel, and zero channels in equal parts before and after.
import type { ImageShape } from "../data/dataset.js";
import { pad, slice } from "../engine/index.js";
import type { Model } from "./define.js";
import { fanIn, heNormal } from "./initial.js";
import { chain, type Layer, reluLayer, residual, sequence } from "./layers.js";
import { convolution } from "./layers-image.js";
import { batchNormalisation } from "./layers-normalisation.js";
import { globalPooling } from "./layers-pooling.js";

const BLOCKS_PER_STAGE = 3;

const stages = [
  { width: 16, stride: 1 },
  { width: 32, stride: 2 },
  { width: 64, stride: 2 },
];

const initial = heNormal("in");

const conv = (name: string, filters: number, stride = 1) =>
  convolution(name, { filters, kernel: 3, stride, padding: 1, bias: false, initial });

/** Every `stride`-th pixel, with zero channels around the present ones up to `filters`. */
const subsample =
  (filters: number, stride: number): Layer =>
  ([channels, height, width]) => {
    const [rows, columns] = [Math.ceil(height! / stride), Math.ceil(width! / stride)];
    const before = Math.floor((filters - channels!) / 2);
    return {
      shape: [filters, rows, columns],
      parameters: [],
      apply: (x) =>
        pad(
          slice(x, [0, 0, 0, 0], [x.shape[0]!, channels!, rows, columns], [1, 1, stride, stride]),
          [0, before, 0, 0],
          [0, filters - channels! - before, 0, 0],
        ),
    };
  };

const block = (name: string, width: number, stride: number) => [
  residual(
    sequence(
      ...[conv(`${name}.conv1`, width, stride), batchNormalisation(`${name}.bn1`), reluLayer],
      ...[conv(`${name}.conv2`, width), batchNormalisation(`${name}.bn2`)],
    ),
    subsample(width, stride),
  ),
  reluLayer,
];

export default function resnet20(inputShape: ImageShape, classes: number): Model {
  const body = stages.flatMap(({ width, stride }, stage) =>
    Array.from({ length: BLOCKS_PER_STAGE }, (_, i) =>
      block(`layer${stage + 1}.${i}`, width, i === 0 ? stride : 1),
    ).flat(),
  );
  const layers = [conv("conv1", 16), batchNormalisation("bn1"), reluLayer, ...body, globalPooling];
  return chain("resnet20", inputShape, classes, layers, {
    name: "linear",
    initial: { weight: initial.weight, bias: fanIn.bias },
  });
}
