// Batch, layer, group and instance normalisation. Parameters may come in parts (parts.ts). What is normalised over and what the learnt
// scale belongs to differ; the arithmetic is shared.
import { GraphError, type Node } from "../graph.js";
import type { OpFamily } from "../rule.js";
import { add, div, mul, sqrt, square, sub } from "./elementwise.js";
import { reshape } from "./layout.js";
import { channelwise, featurewise } from "./parts.js";
import { sum } from "./reduce.js";

/** All axes but the channels of [N, C, ...]. */
const besideChannels = (x: Node) => x.shape.map((_, axis) => axis).filter((axis) => axis !== 1);

/**
 * x·scale + shift, channel by channel: x [N, C, ...], scale and shift [C]. One node, so that the runtime keeps the blocked layout of the
 * convolutions around it.
 */
export function affine(x: Node, scale: Node, shift: Node): Node {
  const channels = x.shape[1];
  if (scale.shape.join() !== `${channels}` || shift.shape.join() !== `${channels}`) {
    throw new GraphError(
      `affine: [${x.shape}] takes scale and shift of [${channels}], got [${scale.shape}], [${shift.shape}]`,
    );
  }
  return x.graph.node("affine", [x, scale, shift], {}, x.shape);
}

export interface BatchNormStatistics {
  /** Learnt, [C] or in parts [P, C]. */
  readonly weight: Node;
  readonly bias: Node;
  /** Running statistics [C]; constants under differentiation. */
  readonly mean: Node;
  readonly variance: Node;
  readonly epsilon: number;
}

/**
 * BatchNorm in eval mode, (x - mean)/√(variance + epsilon)·weight + bias by channel of x [N, C, ...] (Ioffe and Szegedy 2015). Throws
 * GraphError when the channels differ.
 */
export function batchNorm(x: Node, { weight, bias, mean, variance, epsilon }: BatchNormStatistics): Node {
  const inverse = div(1, sqrt(add(variance, epsilon)));
  if (weight.shape.length === 1) {
    if ([weight, bias, mean, variance].some(({ shape }) => shape.join() !== `${x.shape[1]}`)) {
      throw new GraphError(`batchNorm: [${x.shape}] takes weight, bias, mean and variance of [${x.shape[1]}]`);
    }
    return x.graph.node("batchNorm", [x, weight, bias, mean, inverse], {}, x.shape);
  }
  const centred = affine(x, inverse, mul(-1, mul(mean, inverse)));
  return add(mul(centred, channelwise(weight, x)), channelwise(bias, x));
}

interface Standardised {
  readonly y: Node;
  /** Extent 1 on the axes that were normalised over. */
  readonly mean: Node;
  /** Of the population: the mean of squares, not n/(n - 1) times it. */
  readonly variance: Node;
}

/** x with mean 0 and variance 1 over `axes`. */
function standardise(x: Node, axes: readonly number[], epsilon: number): Standardised {
  const count = axes.reduce((product, axis) => product * x.shape[axis]!, 1);
  const mean = mul(1 / count, sum(x, axes, true));
  const centred = sub(x, mean);
  const variance = mul(1 / count, sum(square(centred), axes, true));
  return { y: div(centred, sqrt(add(variance, epsilon))), mean, variance };
}

/**
 * BatchNorm in train mode: x [N, C, ...] is normalised by its own statistics, which are returned as [C]. `variance` is that of the population;
 * PyTorch's running variance takes n/(n - 1) times it, n = N·H·W. Throws GraphError for one value per channel, which has no variance.
 */
export function batchNormTrain(x: Node, weight: Node, bias: Node, epsilon: number) {
  const axes = besideChannels(x);
  if (axes.every((axis) => x.shape[axis] === 1)) {
    throw new GraphError(`batchNormTrain: [${x.shape}] has one value per channel; take more samples or eval mode`);
  }
  const { y, mean, variance } = standardise(x, axes, epsilon);
  const channels = [x.shape[1]!];
  return {
    y: add(mul(y, channelwise(weight, x)), channelwise(bias, x)),
    mean: reshape(mean, channels),
    variance: reshape(variance, channels),
  };
}

/** LayerNorm over the last `rank` axes of x (Ba et al. 2016); weight and bias have these axes, or a parts axis in front. */
export function layerNorm(x: Node, weight: Node, bias: Node, rank: number, epsilon: number): Node {
  const axes = x.shape.map((_, axis) => axis).slice(-rank);
  const { y } = standardise(x, axes, epsilon);
  return add(mul(y, featurewise(weight, x, rank)), featurewise(bias, x, rank));
}

/** GroupNorm of x [N, C, ...] over `groups` runs of channels (Wu and He 2018); weight and bias [C] or [P, C]. Throws GraphError if C does not divide. */
export function groupNorm(x: Node, groups: number, weight: Node, bias: Node, epsilon: number): Node {
  const [batch, channels, ...extent] = x.shape as [number, number, ...number[]];
  if (channels % groups !== 0)
    throw new GraphError(`groupNorm: ${channels} channels do not divide into ${groups} groups`);
  const grouped = reshape(x, [batch, groups, channels / groups, ...extent]);
  const { y } = standardise(grouped, besideChannels(grouped).slice(1), epsilon);
  return add(mul(reshape(y, x.shape), channelwise(weight, x)), channelwise(bias, x));
}

/** InstanceNorm: every channel of every sample on its own. */
export const instanceNorm = (x: Node, weight: Node, bias: Node, epsilon: number): Node =>
  groupNorm(x, x.shape[1]!, weight, bias, epsilon);

/** A vector of `channels` equal numbers, one per graph and value. */
const filled = (node: Node, value: number) => {
  const held = fills.get(`${node.shape[1]}:${value}`) ?? new Float64Array(node.shape[1]!).fill(value);
  fills.set(`${node.shape[1]}:${value}`, held);
  return { shape: [held.length], data: held };
};
const fills = new Map<string, Float64Array>();

export const normalisationOps: OpFamily = {
  affine: {
    gradient: (node, dy) => {
      const [x, scale] = node.inputs as [Node, Node];
      const zero = node.graph.constant(filled(node, 0));
      return [affine(dy, scale, zero), sum(mul(dy, x), besideChannels(x)), sum(dy, besideChannels(x))];
    },
    emit: (node, emitter) => {
      const [x, scale, shift] = node.inputs.map((input) => emitter.nameOf(input)) as [string, string, string];
      const statistics = [emitter.floats(filled(node, 0)), emitter.floats(filled(node, 1))];
      return emitter.node("BatchNormalization", [x, scale, shift, ...statistics], { epsilon: { float: 0 } });
    },
  },
  /** Inputs: x, weight, bias, mean, 1/√(variance + epsilon). */
  batchNorm: {
    // The weight's gradient takes the normalised x: Σ dy·x - mean·Σ dy would cancel in float32.
    gradient: (node, dy) => {
      const [x, weight, , mean, inverse] = node.inputs as [Node, Node, Node, Node, Node];
      const normalised = affine(x, inverse, mul(-1, mul(mean, inverse)));
      const dx = affine(dy, mul(weight, inverse), node.graph.constant(filled(node, 0)));
      return [dx, sum(mul(dy, normalised), besideChannels(x)), sum(dy, besideChannels(x)), null, null];
    },
    lower: (node) => {
      const [x, weight, bias, mean, inverse] = node.inputs as [Node, Node, Node, Node, Node];
      const scale = mul(weight, inverse);
      return affine(x, scale, sub(bias, mul(mean, scale)));
    },
    emit: (node) => {
      throw new GraphError(`batchNorm [${node.shape}] has no ONNX node of its own; compile() lowers it`);
    },
  },
};
