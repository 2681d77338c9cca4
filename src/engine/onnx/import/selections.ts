// Ops that cut, pick, join and pad. All but padding work on known numbers too, since shapes are computed with them.
import type { Shape } from "../../../math/tensor.js";
import { add } from "../../ops/elementwise.js";
import { pad as padNode } from "../../ops/layout.js";
import { needed, subject } from "./layouts.js";
import { gather, moved, reshape, slice } from "./moves.js";
import {
  axesOf,
  axisOf,
  integersOf,
  lift,
  type Operation,
  operand,
  optionalNumbers,
  type RuleFamily,
  requireSize,
} from "./operation.js";
import { combined, concat } from "./parts.js";
import { isKnown, liesAlong, onAxis, type Traced, type Value } from "./value.js";
import { room, stridesOf } from "./view.js";

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
  if (count !== outputs.length) fail(`num_outputs of ${outputs.length}, as many as the node names`, `${count}`);
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

export const selectionRules: RuleFamily = {
  Concat: concatenated,
  Slice: sliced,
  Split: split,
  Gather: gathered,
  Pad: pad,
};
