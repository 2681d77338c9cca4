// From what a generator gives to pixels of the task (spec/attacks-generative.md 1.2): unit range first, then the task's resolution.
import type { ImageShape } from "../../data/dataset.js";
import { adaptiveAveragePool, add, channelwise, mul, type Node, resize } from "../../engine/index.js";
import { tensor } from "../../math/tensor.js";
import type { GeneratorManifest } from "./manifest.js";

/** `images` [N, C, H, W] as `output` says, in [0, 1] and of `resolution`: by means over areas where that is smaller, else bilinear. */
export function toPixels(images: Node, output: GeneratorManifest["output"], [, height, width]: ImageShape): Node {
  const [, , rows, columns] = images.shape as [number, number, number, number];
  const unit = toUnit(images, output);
  return height <= rows && width <= columns
    ? adaptiveAveragePool(unit, [height, width])
    : resize(unit, [height, width], "bilinear");
}

function toUnit(images: Node, output: GeneratorManifest["output"]): Node {
  if (output === "unit") return images;
  if (output === "tanh") return mul(0.5, add(images, 1));
  const perChannel = (values: readonly number[]) =>
    channelwise(images.graph.constant(tensor([values.length], Float64Array.from(values))), images);
  return add(mul(images, perChannel(output.deviation)), perChannel(output.mean));
}
