// Reordering of values, known or traced: reshape, transpose, slice, gather, broadcast. Keeps track of the axis of the samples and of parameters
// in parts, whose nodes have one axis more than the value.
import type { Shape } from "../../../math/tensor.js";
import type { Node } from "../../graph.js";
import { gather as gatherNode } from "../../ops/gather.js";
import * as layout from "../../ops/layout.js";
import { broadcastTo } from "../../ops/reduce.js";
import { type Batch, isKnown, liesAlong, onAxis, plain, type Traced, type Value } from "./value.js";
import { broadcastStrides, joined, stridesOf, viewed } from "./view.js";

const product = (extents: readonly number[]) => extents.reduce((total, extent) => total * extent, 1);

/** Applies `move` to the node of a value, given the extra leading extents that the node has. */
export function moved(x: Traced, shape: Shape, batch: Batch, move: (node: Node, lead: number[]) => Node): Traced {
  const lead = x.parts === undefined ? [] : [x.parts];
  return { ...plain(x), shape, batch, node: move(x.node, lead) };
}

/** Where the samples lie after a reshape: as many entries lie before them as before. A single sample is everywhere, so that its axis is a guess. */
function batchAfterReshape({ shape, batch }: Traced, to: Shape, samples: number): Batch {
  if (typeof batch === "string") return batch;
  const before = product(shape.slice(0, batch.axis)) * batch.outer;
  for (let axis = to.length - 1; axis >= 0; axis--) {
    const outer = before / product(to.slice(0, axis));
    if (Number.isInteger(outer) && outer > 0 && to[axis]! % (outer * samples) === 0) return { axis, outer };
  }
  return "lost";
}

export function reshape<T extends Value>(x: T, shape: Shape, samples: number): T;
export function reshape(x: Value, shape: Shape, samples: number): Value {
  if (isKnown(x)) return { kind: x.kind, shape, data: x.data };
  return moved(x, shape, batchAfterReshape(x, shape, samples), (node, lead) =>
    layout.reshape(node, [...lead, ...shape]),
  );
}

export function transpose<T extends Value>(x: T, permutation: readonly number[]): T;
export function transpose(x: Value, permutation: readonly number[]): Value {
  const shape = permutation.map((axis) => x.shape[axis]!);
  if (isKnown(x)) {
    const strides = stridesOf(x.shape);
    return viewed(
      x,
      shape,
      permutation.map((axis) => strides[axis]!),
    );
  }
  const batch = onAxis(x.batch, (axis) => permutation.indexOf(axis));
  const turned = moved(x, shape, batch, (node, lead) =>
    layout.transpose(node, [...lead.map((_, axis) => axis), ...permutation.map((axis) => axis + lead.length)]),
  );
  const swaps = permutation.join() === "1,0";
  return swaps && x.source ? { ...turned, source: { ...x.source, flipped: !x.source.flipped } } : turned;
}

/** Entries `starts[i] + k · steps[i]`, k from 0 to `sizes[i] - 1`; steps may be negative, sizes of known values 0. */
export function slice(x: Value, starts: readonly number[], sizes: Shape, steps: readonly number[]): Value {
  if (isKnown(x)) {
    const own = stridesOf(x.shape);
    const start = starts.reduce((sum, first, axis) => sum + first * own[axis]!, 0);
    return viewed(
      x,
      sizes,
      own.map((stride, axis) => stride * steps[axis]!),
      start,
    );
  }
  const backwards = steps.findIndex((step) => step < 0);
  if (backwards >= 0) {
    const taken = Array.from({ length: sizes[backwards]! }, (_, k) => starts[backwards]! + k * steps[backwards]!);
    const turned = gather(x, taken, backwards) as Traced;
    const rest = (values: readonly number[], whole: number) => values.map((v, i) => (i === backwards ? whole : v));
    return slice(turned, rest(starts, 0), sizes, rest(steps, 1));
  }
  const cuts = sizes.some((size, axis) => size !== x.shape[axis] && liesAlong(x.batch, axis));
  return moved(x, sizes, cuts ? "lost" : x.batch, (node, lead) =>
    layout.slice(node, [...lead.map(() => 0), ...starts], [...lead, ...sizes], [...lead.map(() => 1), ...steps]),
  );
}

/** Entries `indices` of `axis`. */
export function gather(x: Value, indices: readonly number[], axis: number): Value {
  if (isKnown(x)) {
    const strides = stridesOf(x.shape);
    const one = x.shape.map((extent, i) => (i === axis ? 1 : extent));
    return joined(
      indices.map((index) => viewed(x, one, strides, index * strides[axis]!)),
      axis,
    );
  }
  const shape = x.shape.map((extent, i) => (i === axis ? indices.length : extent));
  return moved(x, shape, liesAlong(x.batch, axis) ? "lost" : x.batch, (node, lead) =>
    gatherNode(node, indices, axis + lead.length),
  );
}

/** `x` repeated to a shape that it broadcasts to. */
export function expand(x: Value, shape: Shape): Value {
  if (isKnown(x)) return viewed(x, shape, broadcastStrides(x.shape, shape));
  const more = shape.length - x.shape.length;
  const batch = onAxis(x.batch, (axis) => axis + more);
  const grows = shape.some((extent, axis) => extent !== (x.shape[axis - more] ?? extent) && liesAlong(batch, axis));
  return moved(x, shape, grows ? "lost" : batch, (node, lead) =>
    broadcastTo(
      lead.length > 0 ? layout.reshape(node, [...lead, ...shape.slice(0, more).map(() => 1), ...x.shape]) : node,
      [...lead, ...shape],
    ),
  );
}
