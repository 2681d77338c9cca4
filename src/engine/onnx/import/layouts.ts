// Ops that reorder, cut, join and repeat. All work on known numbers too, since shapes are computed with them.
import { type Shape, sizeOf } from "../../../math/tensor.js";
import { add } from "../../ops/elementwise.js";
import { pad as padNode } from "../../ops/layout.js";
import { broadcastShape } from "../../ops/reduce.js";
import { expand, gather, moved, reshape, slice, transpose } from "./moves.js";
import {
  axesOf,
  axisOf,
  integersOf,
  lift,
  type Operation,
  operand,
  optionalNumbers,
  type Rule,
  type RuleFamily,
  requireSize,
} from "./operation.js";
import { combined, concat } from "./parts.js";
import { isConstant, isKnown, liesAlong, onAxis, type Traced, type Value } from "./value.js";
import { room, stridesOf } from "./view.js";

/** Operand 0 with initialisers as nodes, so that what is learnt stays a node; constants as numbers. */
function subject(operation: Operation): Value {
  const x = operand(operation, 0);
  return isConstant(x) ? x : lift(operation, x);
}

/** A list that must be known, of operand `position` or the attribute `name`. */
const needed = (operation: Operation, position: number, name: string): number[] =>
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

function concatenated(operation: Operation): Value {
  const values = operation.inputs.map((_, i) => operand(operation, i));
  const [first] = values;
  if (!first) return operation.fail("at least one input", "none");
  const axis = axisOf(operation, operation.attributes.int("axis", 0), first.shape.length);
  const rest = (shape: Shape) => shape.map((extent, i) => (i === axis ? "*" : extent)).join();
  const stranger = values.find(({ shape }) => rest(shape) !== rest(first.shape));
  if (stranger) operation.fail(`inputs that join [${first.shape}] along axis ${axis}`, `[${stranger.shape}]`);
  // Known values may be empty; nodes have at least one entry.
  const held = values.filter((value) => isKnown(value) === false || value.data.length > 0);
  return held.length === 0 ? first : concat(operation, held, axis);
}

/** First entry and number of entries of a slice as ONNX clamps it. */
function cut(extent: number, start: number, end: number, step: number): readonly [first: number, count: number] {
  const fromFront = (at: number) => (at < 0 ? at + extent : at);
  const within = (at: number, low: number, high: number) => Math.min(Math.max(at, low), high);
  const first = within(fromFront(start), 0, step > 0 ? extent : extent - 1);
  const last =
    step > 0 ? within(fromFront(end), 0, extent) : within(end < -extent ? -1 : fromFront(end), -1, extent - 1);
  return [first, Math.max(0, Math.ceil((last - first) / step))];
}

function sliced(operation: Operation): Value {
  const x = subject(operation);
  const [from, to] = [needed(operation, 1, "starts"), needed(operation, 2, "ends")];
  const axes = axesOf(operation, integersOf(operation, 3, "axes") ?? from.map((_, i) => i), x.shape.length);
  const by = integersOf(operation, 4, "steps") ?? from.map(() => 1);
  if ([to, axes, by].some((list) => list.length !== from.length) || by.includes(0)) {
    operation.fail("starts, ends, axes and steps of one length", `[${from}], [${to}], [${axes}], [${by}]`);
  }
  const starts = x.shape.map(() => 0);
  const sizes = [...x.shape];
  const steps = x.shape.map(() => 1);
  axes.forEach((axis, i) => {
    [starts[axis], sizes[axis]] = cut(x.shape[axis]!, from[i]!, to[i]!, by[i]!);
    steps[axis] = by[i]!;
  });
  if (!isKnown(x) && sizes.includes(0)) operation.fail("a slice that holds something", `shape [${sizes}]`);
  return slice(x, starts, sizes, steps);
}

function split(operation: Operation): Value[] {
  const { attributes, fail, outputs } = operation;
  const x = subject(operation);
  const axis = axisOf(operation, attributes.int("axis", 0), x.shape.length);
  const extent = x.shape[axis]!;
  const count = attributes.int("num_outputs", outputs.length);
  const even = Math.ceil(extent / count);
  const lengths =
    integersOf(operation, 1, "split") ??
    Array.from({ length: count }, (_, i) => Math.max(0, Math.min(even, extent - i * even)));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (total !== extent || lengths.some((length) => length < 1) || lengths.length !== outputs.length) {
    fail(`${outputs.length} parts of the ${extent} entries of axis ${axis}`, `[${lengths}]`);
  }
  let offset = 0;
  return lengths.map((length) => {
    const starts = x.shape.map((_, i) => (i === axis ? offset : 0));
    offset += length;
    return slice(
      x,
      starts,
      x.shape.map((own, i) => (i === axis ? length : own)),
      x.shape.map(() => 1),
    );
  });
}

function gathered(operation: Operation): Value {
  const x = subject(operation);
  const axis = axisOf(operation, operation.attributes.int("axis", 0), x.shape.length);
  const indices = optionalNumbers(operation, 1, "indices") ?? operation.fail("indices", "none");
  const extent = x.shape[axis]!;
  const rows = Array.from(indices.data, (index) => (index < 0 ? index + extent : index));
  const wrong = rows.findIndex((row) => !Number.isInteger(row) || row < 0 || row >= extent);
  if (wrong >= 0) operation.fail(`indices from ${-extent} to ${extent - 1}`, `${indices.data[wrong]}`);
  if (rows.length === 0) operation.fail("at least one index", "none");
  const picked = gather(x, rows, axis);
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  const y = reshape(picked, shape, operation.tracing.samples);
  if (isKnown(y) || isKnown(picked)) return y;
  return { ...y, batch: onAxis(picked.batch, (own) => (own < axis ? own : own + indices.shape.length - 1)) };
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

/** Positions that mirrored or repeated padding reads, by mode. */
const padded: Readonly<Record<string, (at: number, extent: number) => number>> = {
  edge: (at, extent) => Math.min(Math.max(at, 0), extent - 1),
  wrap: (at, extent) => ((at % extent) + extent) % extent,
  reflect(at, extent) {
    const period = Math.max(1, 2 * (extent - 1));
    const within = ((at % period) + period) % period;
    return Math.min(within, period - within);
  },
};

function pad(operation: Operation): Value {
  const { attributes, fail } = operation;
  const x = lift(operation, operand(operation, 0));
  const given = needed(operation, 1, "pads");
  const rank = x.shape.length;
  const axes = axesOf(operation, integersOf(operation, 3, "axes") ?? x.shape.map((_, axis) => axis), rank);
  if (given.length !== 2 * axes.length) fail(`${2 * axes.length} pads`, `[${given}]`);
  const [before, after] = [x.shape.map(() => 0), x.shape.map(() => 0)];
  axes.forEach((axis, i) => {
    before[axis] = given[i]!;
    after[axis] = given[i + axes.length]!;
  });
  const shape = x.shape.map((extent, axis) => extent + before[axis]! + after[axis]!);
  requireSize(operation, shape);
  if (shape.includes(0)) fail("a result that holds something", `shape [${shape}]`);
  const mode = attributes.text("mode", "constant");
  const reads = padded[mode];
  if (reads) {
    return x.shape.reduce<Traced>((value, extent, axis) => {
      const rows = Array.from({ length: shape[axis]! }, (_, i) => reads(i - before[axis]!, extent));
      return gather(value, rows, axis) as Traced;
    }, x);
  }
  if (mode !== "constant") fail("mode: constant, edge, reflect or wrap", JSON.stringify(mode));
  const grows = shape.some((extent, axis) => extent !== x.shape[axis] && liesAlong(x.batch, axis));
  const zeros = moved(x, shape, grows ? "lost" : x.batch, (node, lead) =>
    padNode(node, [...lead.map(() => 0), ...before], [...lead.map(() => 0), ...after]),
  );
  const value = optionalNumbers(operation, 2, "constant_value")?.data[0] ?? 0;
  if (value === 0) return zeros;
  const frame = room(shape).fill(value);
  const strides = stridesOf(shape);
  frame.forEach((_, at) => {
    const inside = shape.every((extent, axis) => {
      const index = Math.floor(at / strides[axis]!) % extent;
      return index >= before[axis]! && index < extent - after[axis]!;
    });
    if (inside) frame[at] = 0;
  });
  const around = lift(operation, { kind: "float", shape, data: frame });
  return combined([zeros, around], fail, ([y, border]) => add(y!, border!));
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
  Concat: concatenated,
  Slice: sliced,
  Split: split,
  Gather: gathered,
  Expand: expanded,
  Tile: tiled,
  Pad: pad,
  DepthToSpace: depthToSpace,
};
