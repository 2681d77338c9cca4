// LPIPS 0.1 (Zhang et al. 2018, https://github.com/richzhang/PerceptualSimilarity) on SqueezeNet (spec/metrics.md section 3.4), written as a
// vector per picture: maps with unit channels, scaled so that LPIPS is the squared distance of two vectors.
import { add, concat, div, mul, type Node, reshape, resize, sqrt, square, sum } from "../engine/index.js";
import { sizeOf, tensor } from "../math/tensor.js";
import type { Image } from "./define.js";
import { type Encoder, readWeights } from "./encode.js";
import { describeShape } from "./image.js";
import { SMALLEST_SIDE, traceMaps } from "./squeezenet.js";

const SHIFT = [-0.03, -0.088, -0.188];
const SCALE = [0.458, 0.448, 0.45];
const EPSILON = 1e-10;

/** The shorter side that `@64` scales smaller pictures up to: at 32x32 four of the seven maps are a single pixel. */
const WORKING_SIDE = 64;

export type Resolution = "64" | "native";

/** Rows and columns at which a picture is compared; `64` keeps the ratio of its sides. */
export function workingSize([height, width]: readonly [number, number], resolution: Resolution): [number, number] {
  const factor = resolution === "64" ? Math.max(1, WORKING_SIDE / Math.min(height, width)) : 1;
  return [Math.round(factor * height), Math.round(factor * width)];
}

/** Why a picture cannot be compared, or undefined. */
export function refusePicture(image: Image, resolution: Resolution): string | undefined {
  const [channels, height, width] = image.shape;
  if (channels !== 1 && channels !== 3) return `LPIPS takes one or three channels, got ${describeShape(image)}`;
  if (Math.min(...workingSize([height, width], resolution)) >= SMALLEST_SIDE) return undefined;
  return `LPIPS takes pictures of ${SMALLEST_SIDE}x${SMALLEST_SIDE} or larger, got ${describeShape(image)}`;
}

/** Pixels in [0, 1] as the trunk wants them: mapped to [-1, 1], then shifted and scaled by channel. */
function normalise(x: Node): Node {
  const perChannel = (values: number[]) => x.graph.constant(tensor([1, 3, 1, 1], Float64Array.from(values)));
  const slope = perChannel(SCALE.map((scale) => 2 / scale));
  return add(mul(x, slope), perChannel(SCALE.map((scale, channel) => (-1 - SHIFT[channel]!) / scale)));
}

/** Maps [1, C, H, W] of pictures x, with √(head / (H·W)) times unit vectors over the channels. */
function traceScaledMaps(x: Node, weight: (name: string) => Node, resolution: Resolution): Node[] {
  const [height, width] = x.shape.slice(2) as [number, number];
  const maps = traceMaps(normalise(resize(x, workingSize([height, width], resolution), "bilinear")), weight);
  return maps.map((map, layer) => {
    const length = sqrt(sum(square(map), [1], true));
    const head = weight(`squeeze.lin${layer}`);
    const scale = sqrt(mul(head, 1 / sizeOf(map.shape.slice(2))));
    return mul(div(map, add(length, EPSILON)), reshape(scale, [1, map.shape[1]!, 1, 1]));
  });
}

const weights = () =>
  new Map([...readWeights("squeezenet1_1_features.safetensors"), ...readWeights("lpips_v0.1_heads.safetensors")]);

/**
 * Vectors whose squared distance is LPIPS: 24,832 numbers at 32x32 pixels, 119,104 at 64x64. The last maps come first: they have most of the
 * distance in the fewest numbers, so that a bounded search leaves early.
 */
export const perceptualVector = (resolution: Resolution): Encoder => ({
  id: `lpips squeeze-v0.1@${resolution}`,
  weights,
  trace: (x, weight) =>
    concat(
      traceScaledMaps(x, weight, resolution)
        .reverse()
        .map((map) => reshape(map, [1, sizeOf(map.shape)])),
      1,
    ),
});

/**
 * The maps' means over all positions, 2,240 numbers: their squared distance is at most LPIPS, since the squared mean of differences is at most
 * the mean of their squares. Searches keep these and look closer where they must.
 */
export const perceptualMeans = (resolution: Resolution): Encoder => ({
  id: `lpips means squeeze-v0.1@${resolution}`,
  weights,
  trace: (x, weight) =>
    concat(
      traceScaledMaps(x, weight, resolution).map((map) =>
        mul(sum(map, [2, 3]), 1 / Math.sqrt(sizeOf(map.shape.slice(2)))),
      ),
      1,
    ),
});
