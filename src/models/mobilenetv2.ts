// "MobileNetV2: Inverted Residuals and Linear Bottlenecks" (Sandler et al. 2018), table 2, with torchvision's names and initialisation. Images
// of up to 64 pixels pass the stem and the second stage at stride 1, as is usual for CIFAR. Dropout is left out.
import type { ImageShape } from "../data/dataset.js";
import { relu6 } from "../engine/index.js";
import type { Model } from "./define.js";
import { heNormal, normal } from "./initial.js";
import { activation, chain, type Layer, residual, sequence } from "./layers.js";
import { convolution, isSmall } from "./layers-image.js";
import { batchNormalisation } from "./layers-normalisation.js";
import { globalPooling } from "./layers-pooling.js";

/** Expansion factor, output channels, number of blocks, stride of the first block, and that stride for small images. */
const stages = [
  { expansion: 1, filters: 16, blocks: 1, stride: 1, smallStride: 1 },
  { expansion: 6, filters: 24, blocks: 2, stride: 2, smallStride: 1 },
  { expansion: 6, filters: 32, blocks: 3, stride: 2, smallStride: 2 },
  { expansion: 6, filters: 64, blocks: 4, stride: 2, smallStride: 2 },
  { expansion: 6, filters: 96, blocks: 3, stride: 1, smallStride: 1 },
  { expansion: 6, filters: 160, blocks: 3, stride: 2, smallStride: 2 },
  { expansion: 6, filters: 320, blocks: 1, stride: 1, smallStride: 1 },
];

const relu6Layer = activation(relu6);

interface ConvOptions {
  readonly filters: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly groups?: number;
}

/** Convolution and BatchNorm under the names torchvision gives them. */
const conv = (name: string, norm: string, options: ConvOptions) => [
  convolution(name, { ...options, padding: (options.kernel - 1) / 2, bias: false, initial: heNormal("out") }),
  batchNormalisation(norm),
];

/** Expand, filter each channel on its own, project; with a shortcut where the shape stays. */
const block =
  (name: string, expansion: number, filters: number, stride: number): Layer =>
  (input) => {
    const hidden = input[0]! * expansion;
    let position = 0;
    const active = (options: ConvOptions) => {
      const at = `${name}.conv.${position++}`;
      return [...conv(`${at}.0`, `${at}.1`, options), relu6Layer];
    };
    const body = sequence(
      ...(expansion === 1 ? [] : active({ filters: hidden, kernel: 1 })),
      ...active({ filters: hidden, kernel: 3, stride, groups: hidden }),
      ...conv(`${name}.conv.${position}`, `${name}.conv.${position + 1}`, { filters, kernel: 1 }),
    );
    return (stride === 1 && input[0] === filters ? residual(body) : body)(input);
  };

export default function mobilenetv2(inputShape: ImageShape, classes: number): Model {
  const small = isSmall(inputShape);
  let position = 1;
  const blocks = stages.flatMap(({ expansion, filters, blocks: count, stride, smallStride }) =>
    Array.from({ length: count }, (_, i) =>
      block(`features.${position++}`, expansion, filters, i > 0 ? 1 : small ? smallStride : stride),
    ),
  );
  const layers = [
    ...conv("features.0.0", "features.0.1", { filters: 32, kernel: 3, stride: small ? 1 : 2 }),
    relu6Layer,
    ...blocks,
    ...conv(`features.${position}.0`, `features.${position}.1`, { filters: 1280, kernel: 1 }),
    relu6Layer,
    globalPooling,
  ];
  return chain("mobilenetv2", inputShape, classes, layers, { name: "classifier.1", initial: normal(0.01) });
}
