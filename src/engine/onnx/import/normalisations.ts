// Batch, layer, group and instance normalisation. Running statistics are buffers: constant under differentiation, and in no update.
import type { Node } from "../../graph.js";
import { add, div, mul, sqrt, square, sub } from "../../ops/elementwise.js";
import { batchNorm, batchNormTrain } from "../../ops/normalisation.js";
import { inParts } from "../../ops/parts.js";
import { sum } from "../../ops/reduce.js";
import { reshape } from "./moves.js";
import { axisOf, lift, type Operation, operand, type RuleFamily, traced } from "./operation.js";
import { combined } from "./parts.js";
import { isInFront, isKnown, type Traced } from "./value.js";

const EPSILON = 1e-5;

const plus = (x: Traced, node: Node): Traced => ({ node, shape: x.shape, batch: x.batch, learnt: x.learnt });

/** Mean 0 and variance 1 over `axes`. */
function standardised(x: Traced, axes: readonly number[], epsilon: number): Traced {
  const count = axes.reduce((product, axis) => product * x.shape[axis]!, 1);
  const centred = sub(x.node, mul(1 / count, sum(x.node, axes, true)));
  const variance = mul(1 / count, sum(square(centred), axes, true));
  return plus(x, div(centred, sqrt(add(variance, epsilon))));
}

/** y·scale + bias, broadcast. */
const scaled = (y: Traced, scale: Traced, bias: Traced | undefined, { fail }: Operation): Traced => {
  const product = combined([y, scale], fail, ([value, by]) => mul(value!, by!));
  return bias ? combined([product, bias], fail, ([value, offset]) => add(value!, offset!)) : product;
};

/** A parameter [C] in a shape that combines with [N, C, ...] of `rank` axes. */
function channelwise(operation: Operation, position: number, x: Traced): Traced {
  const parameter = traced(operation, position);
  if (parameter.shape.join() !== `${x.shape[1]}`)
    operation.fail(`[${x.shape[1]}] for an input [${x.shape}]`, `[${parameter.shape}]`);
  return reshape(parameter, [x.shape[1]!, ...x.shape.slice(2).map(() => 1)], operation.tracing.samples);
}

/** The layer that a statistic or weight belongs to, by its name; the node's own name where that says nothing. */
function layerName(operation: Operation): string {
  const named = [3, 1].map((position) => operation.inputs[position]).find((value) => value && isKnown(value));
  const name = named && isKnown(named) ? named.initialiser : undefined;
  return name?.replace(/[./_](running_mean|moving_mean|weight|gamma)([/:].*)?$/, "") ?? operation.name;
}

function batchNormalization(operation: Operation): Traced {
  const { fail, tracing, attributes } = operation;
  const x = traced(operation, 0);
  const channels = x.shape[1];
  const vectors = [1, 2, 3, 4].map((position) =>
    lift(operation, operand(operation, position), position > 2 ? "statistic" : "parameter"),
  );
  const wrong = vectors.find(({ shape }) => shape.join() !== `${channels}`);
  if (wrong) fail(`scale, bias, mean and variance of [${channels}] for an input [${x.shape}]`, `[${wrong.shape}]`);
  if (vectors.slice(2).some(({ parts }) => parts !== undefined))
    fail("running statistics that all parts share", "one for each part");
  const parts = vectors.find((each) => each.parts !== undefined)?.parts;
  if (parts !== undefined && !isInFront(x.batch)) fail("samples along the first axis", "samples elsewhere");
  // The two learnt vectors come in parts together.
  const [weight, bias] = vectors
    .slice(0, 2)
    .map((each) => (parts && !each.parts ? inParts(each.node, parts) : each.node)) as [Node, Node];
  const [mean, variance] = [vectors[2]!.node, vectors[3]!.node];
  const epsilon = attributes.float("epsilon", EPSILON);
  const learnt = { ...plus(x, x.node), learnt: true };
  if (!tracing.training) return { ...learnt, node: batchNorm(x.node, { weight, bias, mean, variance, epsilon }) };
  const seen = batchNormTrain(x.node, weight, bias, epsilon);
  tracing.saw(layerName(operation), { mean: seen.mean, variance: seen.variance });
  return { ...learnt, node: seen.y };
}

function layerNormalization(operation: Operation): Traced {
  const { attributes, inputs } = operation;
  const x = traced(operation, 0);
  const first = axisOf(operation, attributes.int("axis", -1), x.shape.length);
  const axes = x.shape.map((_, axis) => axis).slice(first);
  const y = standardised(x, axes, attributes.float("epsilon", EPSILON));
  return scaled(y, traced(operation, 1), inputs[2] ? traced(operation, 2) : undefined, operation);
}

/** Over `groups` runs of channels of every sample. */
function overGroups(operation: Operation, x: Traced, groups: number): Traced {
  const [batch, channels, ...extents] = x.shape as [number, number, ...number[]];
  if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
    operation.fail(`groups that divide ${channels} channels`, `${groups}`);
  }
  const perGroup = extents.reduce((product, extent) => product * extent, channels / groups);
  const grouped = reshape(x, [batch, groups, perGroup], operation.tracing.samples);
  const y = standardised(grouped, [2], operation.attributes.float("epsilon", EPSILON));
  return reshape(y, x.shape, operation.tracing.samples);
}

function instanceNormalization(operation: Operation): Traced {
  const x = traced(operation, 0);
  const y = overGroups(operation, x, x.shape[1]!);
  return scaled(y, channelwise(operation, 1, x), channelwise(operation, 2, x), operation);
}

function groupNormalization(operation: Operation): Traced {
  const x = traced(operation, 0);
  const groups = operation.attributes.int("num_groups", 0);
  const y = overGroups(operation, x, groups);
  if (operation.opset >= 21) return scaled(y, channelwise(operation, 1, x), channelwise(operation, 2, x), operation);
  // Until opset 20 scale and bias belong to groups.
  const { samples } = operation.tracing;
  const [batch, channels, ...extents] = x.shape as [number, number, ...number[]];
  const byGroup = reshape(y, [batch, groups, channels / groups, ...extents], samples);
  const [scale, bias] = [1, 2].map((position) => {
    const parameter = traced(operation, position);
    return reshape(parameter, [...parameter.shape, 1, ...extents.map(() => 1)], samples);
  }) as [Traced, Traced];
  return reshape(scaled(byGroup, scale, bias, operation), x.shape, samples);
}

export const normalisationRules: RuleFamily = {
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  InstanceNormalization: instanceNormalization,
  GroupNormalization: groupNormalization,
};
