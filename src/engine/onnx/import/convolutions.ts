// Conv and ConvTranspose over images [N, C, H, W] and signals [N, C, L], which are images of one row.

import { conv, convTranspose } from "../../ops/convolution.js";
import { add } from "../../ops/elementwise.js";
import { reshape } from "./moves.js";
import { activation, lift, type Operation, operand, type RuleFamily } from "./operation.js";
import { combined } from "./parts.js";
import { isInFront, type Traced } from "./value.js";
import { type Pair, windowOf } from "./window.js";

/** A signal as an image of one row; images as they are. */
const asImage = (x: Traced, samples: number): Traced =>
  x.shape.length === 4 ? x : reshape(x, [...x.shape.slice(0, 2), 1, ...x.shape.slice(2)], samples);

/** What to add to each channel of `y`. */
function withBias(operation: Operation, y: Traced): Traced {
  const held = operation.inputs[2];
  if (held === undefined) return y;
  const bias = lift(operation, held);
  if (bias.shape.join() !== `${y.shape[1]}`) operation.fail(`a bias of [${y.shape[1]}]`, `[${bias.shape}]`);
  const perChannel = reshape(bias, [1, ...bias.shape, 1, 1], operation.tracing.samples);
  return combined([y, perChannel], operation.fail, ([value, offset]) => add(value!, offset!));
}

function operandsOf(operation: Operation) {
  const { fail, tracing } = operation;
  const x = activation(operation, 0, [3, 4]);
  const weight = lift(operation, operand(operation, 1));
  const rank = x.shape.length;
  if (weight.shape.length !== rank) fail(`a weight of ${rank} axes for an input [${x.shape}]`, `[${weight.shape}]`);
  if (weight.batch !== "none") fail("a weight that does not depend on the input", "one that does");
  if (weight.parts !== undefined && !isInFront(x.batch)) fail("samples along the first axis", "samples elsewhere");
  return {
    x: asImage(x, tracing.samples),
    weight: asImage(weight, tracing.samples),
    extents: x.shape.slice(2),
    kernel: weight.shape.slice(2),
    groups: operation.attributes.int("group", 1),
    restore: (y: Traced) => (rank === 4 ? y : reshape(y, [...y.shape.slice(0, 2), y.shape[3]!], tracing.samples)),
  };
}

function convolution(operation: Operation): Traced {
  const { x, weight, extents, kernel, groups, restore } = operandsOf(operation);
  const { strides, dilations, pads } = windowOf(operation, extents, kernel);
  const node = conv(x.node, weight.node, { strides, dilations, pads, groups });
  return restore(withBias(operation, { node, shape: node.shape, batch: x.batch, learnt: true }));
}

function transposed(operation: Operation): Traced {
  const { attributes, fail } = operation;
  if (attributes.has("output_shape") || attributes.text("auto_pad", "NOTSET") !== "NOTSET") {
    fail("explicit pads and output_padding", "output_shape or auto_pad", "export with explicit padding");
  }
  const { x, weight, extents, kernel, groups, restore } = operandsOf(operation);
  const { strides, dilations, pads } = windowOf(operation, extents, kernel);
  const more = attributes.ints("output_padding") ?? extents.map(() => 0);
  if (more.length !== extents.length) fail(`${extents.length} entries of output_padding`, `[${more}]`);
  const outputPadding: Pair = more.length === 2 ? [more[0]!, more[1]!] : [0, more[0]!];
  const node = convTranspose(x.node, weight.node, { strides, dilations, pads, groups }, outputPadding);
  return restore(withBias(operation, { node, shape: node.shape, batch: x.batch, learnt: true }));
}

export const convolutionRules: RuleFamily = { Conv: convolution, ConvTranspose: transposed };
