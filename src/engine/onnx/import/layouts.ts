// Ops that reorder and repeat whole values. All work on known numbers too, since shapes are computed with them.
import { type Shape, sizeOf } from "../../../math/tensor.js";
import { broadcastShape } from "../../ops/reduce.js";
import { expand, reshape, transpose } from "./moves.js";
import {
  axesOf,
  integersOf,
  lift,
  type Operation,
  operand,
  type Rule,
  type RuleFamily,
  requireSize,
} from "./operation.js";
import { isConstant, isKnown, liesAlong, type Value } from "./value.js";

/** Operand 0 with initialisers as nodes, so that what is learnt stays a node; constants as numbers. */
export function subject(operation: Operation): Value {
  const x = operand(operation, 0);
  return isConstant(x) ? x : lift(operation, x);
}

/** A list that must be known, of operand `position` or the attribute `name`. */
export const needed = (operation: Operation, position: number, name: string): number[] =>
  integersOf(operation, position, name) ?? operation.fail(name, "none", "export the model again");

/** Reshapes, and says how to export where a fixed batch size stands in the way. */
function reshaped(operation: Operation, x: Value, shape: Shape): Value {
  const { samples } = operation.tracing;
  requireSize(operation, shape);
  if (sizeOf(shape) !== sizeOf(x.shape)) {
    const remedy =
      "where the model was exported for one batch size, export again with dynamic_axes={input: {0: 'N'}, output: {0: 'N'}}";
    operation.fail(`${sizeOf(shape)} numbers for shape [${shape}]`, `[${x.shape}] with a batch of ${samples}`, remedy);
  }
  // What a fully connected layer gave is still that where only its shape is written out again.
  const y = reshape(x, shape, samples);
  return !isKnown(y) && !isKnown(x) && x.dense && shape.join() === x.shape.join() ? { ...y, dense: x.dense } : y;
}

function reshapeTo(operation: Operation): Value {
  const x = subject(operation);
  const asked = needed(operation, 1, "shape");
  const keepsZeros = operation.attributes.int("allowzero", 0) === 1;
  const filled = asked.map((extent, axis) => {
    if (extent !== 0 || keepsZeros) return extent;
    return x.shape[axis] ?? operation.fail(`an axis ${axis} to copy`, `an input [${x.shape}]`);
  });
  const open = filled.filter((extent) => extent === -1).length;
  if (open > 1) operation.fail("at most one -1 in shape", `[${asked}]`);
  const rest = filled.reduce((product, extent) => (extent === -1 ? product : product * extent), 1);
  return reshaped(
    operation,
    x,
    filled.map((extent) => (extent === -1 ? sizeOf(x.shape) / (rest || 1) : extent)),
  );
}

function flatten(operation: Operation): Value {
  const x = subject(operation);
  const axis = operation.attributes.int("axis", 1);
  const cut = axis < 0 ? axis + x.shape.length : axis;
  if (cut < 0 || cut > x.shape.length) operation.fail(`an axis of [${x.shape}]`, `${axis}`);
  return reshaped(operation, x, [sizeOf(x.shape.slice(0, cut)), sizeOf(x.shape.slice(cut))]);
}

function squeeze(operation: Operation): Value {
  const x = subject(operation);
  const given = integersOf(operation, 1, "axes");
  const axes = given && axesOf(operation, given, x.shape.length);
  const wrong = axes?.find((axis) => x.shape[axis] !== 1);
  if (wrong !== undefined) operation.fail("axes of extent 1", `axis ${wrong} of [${x.shape}]`);
  return reshaped(
    operation,
    x,
    x.shape.filter((extent, axis) => (axes ? !axes.includes(axis) : extent !== 1)),
  );
}

function unsqueeze(operation: Operation): Value {
  const x = subject(operation);
  const given = needed(operation, 1, "axes");
  requireSize(operation, [...x.shape, ...given.map(() => 1)]);
  const rank = x.shape.length + given.length;
  const axes = new Set(axesOf(operation, given, rank));
  if (axes.size !== given.length) operation.fail("different axes", `[${given}]`);
  const own = [...x.shape];
  return reshaped(
    operation,
    x,
    Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : own.shift()!)),
  );
}

function transposed(operation: Operation): Value {
  const x = subject(operation);
  const order = operation.attributes.ints("perm") ?? x.shape.map((_, axis) => x.shape.length - 1 - axis);
  if ([...order].sort((a, b) => a - b).join() !== x.shape.map((_, axis) => axis).join()) {
    operation.fail(`an order of the axes of [${x.shape}]`, `[${order}]`);
  }
  return transpose(x, order);
}

function expanded(operation: Operation): Value {
  const x = subject(operation);
  const shape = broadcastShape(x.shape, needed(operation, 1, "shape"));
  requireSize(operation, shape);
  return expand(x, shape);
}

/** Repeats whole axes: [.., 1, n, ..] broadcast to [.., r, n, ..] and flattened again. */
function tiled(operation: Operation): Value {
  const x = subject(operation);
  const repeats = needed(operation, 1, "repeats");
  if (repeats.length !== x.shape.length) operation.fail(`${x.shape.length} repeats`, `[${repeats}]`);
  const shape = x.shape.map((extent, axis) => extent * repeats[axis]!);
  requireSize(operation, shape);
  const { samples } = operation.tracing;
  const pairs = x.shape.flatMap((extent, axis) => [repeats[axis]!, extent]);
  const apart = reshape(
    x,
    x.shape.flatMap((extent) => [1, extent]),
    samples,
  );
  const y = reshape(expand(apart, pairs), shape, samples);
  if (isKnown(y) || isKnown(x)) return y;
  return { ...y, batch: repeats.some((count, axis) => count !== 1 && liesAlong(x.batch, axis)) ? "lost" : x.batch };
}

/** Channels to blocks of pixels, in the order of depths (DCR) or of columns (CRD); PixelShuffle is the latter. */
const depthToSpace: Rule = (operation) => {
  const { samples } = operation.tracing;
  const x = lift(operation, operand(operation, 0));
  const block = operation.attributes.int("blocksize", 0);
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const depth = channels / block ** 2;
  if (x.shape.length !== 4 || block < 1 || !Number.isInteger(depth)) {
    return operation.fail(`channels in blocks of ${block}×${block}`, `[${x.shape}]`);
  }
  const crd = operation.attributes.text("mode", "DCR") === "CRD";
  const apart = crd ? [batch, depth, block, block, height, width] : [batch, block, block, depth, height, width];
  const turned = transpose(reshape(x, apart, samples), crd ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]);
  return reshape(turned, [batch, depth, height * block, width * block], samples);
};

export const layoutRules: RuleFamily = {
  Reshape: reshapeTo,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transposed,
  Expand: expanded,
  Tile: tiled,
  DepthToSpace: depthToSpace,
};
