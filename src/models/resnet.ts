// Residual nets of "Deep Residual Learning for Image Recognition" (He et al. 2015) with torchvision's names and initialisation. Images of
// more than 64 pixels get ImageNet's stem (7x7, stride 2, max pool); smaller ones the usual one for CIFAR (3x3, stride 1, no pool), which
// keeps torchvision's names, but not the shape of `conv1.weight`.
import type { ImageShape } from "../data/dataset.js";
import type { Model } from "./define.js";
import { heNormal } from "./initial.js";
import { chain, type Layer, reluLayer, residual, sequence } from "./layers.js";
import { convolution, isSmall } from "./layers-image.js";
import { batchNormalisation } from "./layers-normalisation.js";
import { globalPooling, maxPooling } from "./layers-pooling.js";

type Block = (name: string, width: number, stride: number) => Layer;

const conv = (name: string, filters: number, kernel: number, stride = 1) =>
  convolution(name, { filters, kernel, stride, padding: (kernel - 1) / 2, bias: false, initial: heNormal("out") });

/** The shortcut: nothing where the shape stays, a 1x1 convolution where it does not. */
const shortcut =
  (name: string, filters: number, stride: number): Layer =>
  (input) =>
    input[0] === filters && stride === 1
      ? sequence()(input)
      : sequence(conv(`${name}.downsample.0`, filters, 1, stride), batchNormalisation(`${name}.downsample.1`))(input);

const basic: Block = (name, width, stride) =>
  sequence(
    residual(
      sequence(
        ...[conv(`${name}.conv1`, width, 3, stride), batchNormalisation(`${name}.bn1`), reluLayer],
        ...[conv(`${name}.conv2`, width, 3), batchNormalisation(`${name}.bn2`)],
      ),
      shortcut(name, width, stride),
    ),
    reluLayer,
  );

const bottleneck: Block = (name, width, stride) =>
  sequence(
    residual(
      sequence(
        ...[conv(`${name}.conv1`, width, 1), batchNormalisation(`${name}.bn1`), reluLayer],
        ...[conv(`${name}.conv2`, width, 3, stride), batchNormalisation(`${name}.bn2`), reluLayer],
        ...[conv(`${name}.conv3`, 4 * width, 1), batchNormalisation(`${name}.bn3`)],
      ),
      shortcut(name, 4 * width, stride),
    ),
    reluLayer,
  );

const table = {
  resnet18: { block: basic, depths: [2, 2, 2, 2] },
  resnet34: { block: basic, depths: [3, 4, 6, 3] },
  resnet50: { block: bottleneck, depths: [3, 4, 6, 3] },
} as const satisfies Record<string, { readonly block: Block; readonly depths: readonly number[] }>;

const stages = [
  { width: 64, stride: 1 },
  { width: 128, stride: 2 },
  { width: 256, stride: 2 },
  { width: 512, stride: 2 },
];

const make = (id: keyof typeof table) => {
  const { block, depths } = table[id];
  return (inputShape: ImageShape, classes: number): Model => {
    const small = isSmall(inputShape);
    const stem = [small ? conv("conv1", 64, 3) : conv("conv1", 64, 7, 2), batchNormalisation("bn1"), reluLayer];
    const pool = small ? [] : [maxPooling({ kernel: 3, stride: 2, padding: 1 })];
    const blocks = stages.flatMap(({ width, stride }, stage) =>
      Array.from({ length: depths[stage]! }, (_, i) => block(`layer${stage + 1}.${i}`, width, i === 0 ? stride : 1)),
    );
    return chain(id, inputShape, classes, [...stem, ...pool, ...blocks, globalPooling], { name: "fc" });
  };
};

export const resnet18 = make("resnet18");
export const resnet34 = make("resnet34");
export const resnet50 = make("resnet50");
