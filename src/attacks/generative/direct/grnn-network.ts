// The generative regression network of GRNN: a label branch and an image branch over fixed noise, one row per image (Ren et al. 2022 and
// their code). Its only prior is its own shape.

import type { ImageShape } from "../../../data/dataset.js";
import {
  batchNormTrain,
  conv,
  linear,
  mul,
  type Node,
  reshape,
  resize,
  sigmoid,
  slice,
  softmax,
  squareWindow,
} from "../../../engine/index.js";
import type { Lookup, Parameter } from "../../../models/define.js";

/** Numbers of noise per image. */
export const NOISE = 128;

const START = 4;
const EPSILON = 1e-5;

export interface GrnnNetwork {
  readonly parameters: readonly Parameter[];
  /** From noise [N, 128] to images in [0, 1], [N, C, H, W], and label probabilities [N, classes]. */
  trace(noise: Node, parameter: Lookup): { readonly images: Node; readonly labels: Node };
}

/**
 * For square images of 8 pixels or more whose side is a power of two. `width` is the number of channels before the last block. Throws
 * RangeError for other images.
 */
export function grnnNetwork([channels, height, size]: ImageShape, classes: number, width: number): GrnnNetwork {
  const blocks = Math.log2(size) - 3;
  if (height !== size || !Number.isInteger(blocks) || blocks < 0) {
    throw new RangeError(
      `grnn paints square images with a side of 8, 16, 32, 64, …; the model takes ${channels}x${height}x${size}`,
    );
  }
  // Channels at 4x4, 8x8, … up to half the size; a gated unit halves what its convolution gives.
  const depths = Array.from({ length: blocks + 1 }, (_, level) => width * 2 ** (blocks - level));
  const normal = { normal: 0.02 };
  const named = (name: string, shape: readonly number[], initial: Parameter["initial"] = normal) => ({
    name,
    shape,
    initial,
  });
  const seedSize = 2 * depths[0]!;
  const ups = depths.map((from, level) => ({ name: `up.${level}`, from, to: depths[level + 1] ?? channels }));
  const parameters = [
    named("label.weight", [classes, NOISE]),
    named("label.bias", [classes], { constant: 0 }),
    named("seed.weight", [seedSize * START * START, NOISE]),
    ...ups.flatMap(({ name, from, to }) => [
      named(`${name}.weight`, [2 * to, from, 3, 3]),
      named(`${name}.scale`, [2 * to], { constant: 1 }),
      named(`${name}.shift`, [2 * to], { constant: 0 }),
    ]),
  ];
  return {
    parameters,
    trace(noise, parameter) {
      const seed = linear(noise, parameter("seed.weight"));
      const painted = ups.reduce(
        (x, { name }) => {
          const grown = resize(x, [2 * x.shape[2]!, 2 * x.shape[3]!], "nearest");
          const y = conv(grown, parameter(`${name}.weight`), squareWindow({ padding: 1 }));
          return gated(batchNormTrain(y, parameter(`${name}.scale`), parameter(`${name}.shift`), EPSILON).y);
        },
        gated(reshape(seed, [noise.shape[0]!, seedSize, START, START])),
      );
      return {
        images: sigmoid(painted),
        labels: softmax(linear(noise, parameter("label.weight"), parameter("label.bias"))),
      };
    },
  };
}

/** Gated linear unit over channels: the first half times the sigmoid of the second (Dauphin et al. 2017). */
function gated(x: Node): Node {
  const [count, depth, rows, columns] = x.shape as [number, number, number, number];
  const half = [count, depth / 2, rows, columns];
  return mul(slice(x, [0, 0, 0, 0], half), sigmoid(slice(x, [0, depth / 2, 0, 0], half)));
}
