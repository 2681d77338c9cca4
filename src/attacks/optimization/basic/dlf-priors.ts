// What DLF asks of its pictures besides matching (spec/attacks-optimization.md 1.5, 2.6): no jumps between neighbours, pixels in range, and
// epochs that hold the same pictures in whatever order.
import {
  add,
  clamp,
  concat,
  conv,
  mul,
  type Node,
  relu,
  slice,
  square,
  squareWindow,
  sub,
  sum,
} from "../../../engine/index.js";
import type { Random } from "../../../math/random.js";
import { sizeOf, tensor } from "../../../math/tensor.js";
import type { BasicKnowledge } from "../../../threat/observation.js";

const mean = (x: Node): Node => mul(1 / x.shape.reduce((size, extent) => size * extent, 1), sum(x));
const total = (terms: readonly Node[]): Node => terms.reduce((sumSoFar, term) => add(sumSoFar, term));

/** `x` with every row (axis 2) or column (axis 3) in the place of the one before it, the first in the place of the last. */
function turned(x: Node, axis: number): Node {
  const part = (start: number, extent: number) =>
    slice(
      x,
      x.shape.map((_, i) => (i === axis ? start : 0)),
      x.shape.map((size, i) => (i === axis ? extent : size)),
    );
  return concat([part(1, x.shape[axis]! - 1), part(0, 1)], axis);
}

/** Mean squared difference of pixels [N, C, H, W] to the next one in their row and column, where the first follows the last. */
export const circularVariation = (x: Node): Node =>
  total([2, 3].filter((axis) => x.shape[axis]! > 1).map((axis) => mean(square(sub(turned(x, axis), x)))));

/** Mean squared distance of pixels from their range, of images [N, C, H, W] in the space that the model sees. */
export function excess(x: Node, { normalization, pixelRange: [low, high] }: BasicKnowledge): Node {
  const channel = (values: readonly number[]) =>
    x.graph.constant(tensor([1, values.length, 1, 1], Float64Array.from(values)));
  const pixels = normalization ? add(mul(x, channel(normalization.deviation)), channel(normalization.mean)) : x;
  return mean(square(sub(pixels, clamp(pixels, low, high))));
}

const FEATURES = 96;

/** What fixed random 3 x 3 filters and ReLU see of pictures [N, C, H, W]: [N, features, H, W]. */
export function randomFeatures(random: Random, channels: number, features = FEATURES): (images: Node) => Node {
  const shape = [features, channels, 3, 3];
  const weights = new Float64Array(sizeOf(shape));
  random.fillNormal(weights, 0, 1 / Math.sqrt(9 * channels));
  return (images) => relu(conv(images, images.graph.constant(tensor(shape, weights)), squareWindow({ padding: 1 })));
}

/** What epochs hold: the rows of [E·N, …], epoch after epoch, as one node each. */
export function byEpoch(x: Node, epochs: number): Node[] {
  const [rows, ...rest] = x.shape as [number, ...number[]];
  const each = rows / epochs;
  return Array.from({ length: epochs }, (_, epoch) => slice(x, [epoch * each, ...rest.map(() => 0)], [each, ...rest]));
}

/**
 * How far epochs are from holding the same pictures: the mean squared difference of their mean pictures, or of what `view` makes of pictures,
 * mean over all pairs of epochs. `x` [E·N, C, H, W], epoch after epoch. Indifferent to the order within an epoch; 0 for one epoch.
 */
export function epochOrder(x: Node, epochs: number, view: (images: Node) => Node = (images) => images): Node {
  const means = byEpoch(view(x), epochs).map((seen) => mul(1 / seen.shape[0]!, sum(seen, [0])));
  const pairs = means.flatMap((one, epoch) => means.slice(epoch + 1).map((other) => mean(square(sub(one, other)))));
  return pairs.length === 0 ? mul(0, sum(x)) : mul(1 / pairs.length, total(pairs));
}
