// Values that meet: what depends on the input with parameters, which may come in parts (ops/parts.ts). A parameter in parts is spread over the
// samples of what it meets, so that each sample sees its part's.
import type { Shape } from "../../../math/tensor.js";
import type { Node } from "../../graph.js";
import * as layout from "../../ops/layout.js";
import { broadcastShape, broadcastTo } from "../../ops/reduce.js";
import type { Fail } from "./error.js";
import { lift, type Operation } from "./operation.js";
import {
  along,
  type Batch,
  isKnown,
  type Known,
  liesAlong,
  onAxis,
  plain,
  sameBatch,
  type Traced,
  type Value,
} from "./value.js";
import { joined } from "./view.js";

const ones = (count: number): number[] => Array.from({ length: count }, () => 1);
const without = (extents: Shape, axis: number): number[] => extents.filter((_, i) => i !== axis);

/** Where the samples of several values lie once these are aligned at the right to `rank` axes. */
export function commonBatch(values: readonly Traced[], rank: number): Batch {
  const held = values
    .filter(({ batch }) => batch !== "none")
    .map(({ batch, shape }) => onAxis(batch, (axis) => axis + rank - shape.length));
  const [first] = held;
  if (first === undefined) return "none";
  return held.every((batch) => sameBatch(batch, first)) ? first : "lost";
}

/** The order that takes the parts and then `axis` of a value to the front. */
const frontFirst = (axis: number, rank: number): number[] => [
  0,
  axis + 1,
  ...Array.from({ length: rank }, (_, i) => i + 1).filter((i) => i !== axis + 1),
];

/** Of every part, the entries of the second axis that belong to its own samples. */
function diagonal(front: Node, share: number): Node {
  const [parts, , ...rest] = front.shape as [number, number, ...number[]];
  const own = Array.from({ length: parts }, (_, part) => {
    const starts = [part, part * share, ...rest.map(() => 0)];
    return layout.reshape(layout.slice(front, starts, [1, share, ...rest]), [share, ...rest]);
  });
  return layout.concat(own, 0);
}

/**
 * A value in parts as one of `rank` axes whose samples lie along `axis` of `extent` entries: each sample has what its part has. Throws
 * OnnxImportError where it does not fit.
 */
export function spread(x: Traced, rank: number, axis: number, extent: number, fail: Fail): Traced {
  const parts = x.parts!;
  const padded = [...ones(rank - x.shape.length), ...x.shape];
  const own = padded[axis]!;
  if (extent % parts !== 0 || (own !== 1 && own !== extent)) {
    fail(`a parameter for ${parts} parts of ${extent} entries along axis ${axis}`, `[${x.shape}]`);
  }
  const rest = without(padded, axis);
  const front = layout.transpose(layout.reshape(x.node, [parts, ...padded]), frontFirst(axis, rank));
  const samplesFirst =
    own === 1
      ? layout.reshape(broadcastTo(front, [parts, extent / parts, ...rest]), [extent, ...rest])
      : diagonal(front, extent / parts);
  const back = Array.from({ length: rank }, (_, i) => (i === axis ? 0 : i < axis ? i + 1 : i));
  const shape = padded.map((held, i) => (i === axis ? extent : held));
  return { node: layout.transpose(samplesFirst, back), shape, batch: along(axis), learnt: x.learnt };
}

/** `value` in a form that combines with others to `shape`, whose samples lie along `batch`. */
function inStep(value: Traced, shape: Shape, batch: Batch, fail: Fail): Traced {
  if (value.parts === undefined) return value;
  if (typeof batch !== "string") return spread(value, shape.length, batch.axis, shape[batch.axis]!, fail);
  if (batch === "none") {
    const padded = [value.parts, ...ones(shape.length - value.shape.length), ...value.shape];
    return { ...plain(value), node: layout.reshape(value.node, padded) };
  }
  return fail(
    "samples that lie along one axis, where parameters come in parts",
    "samples that are mixed",
    "run one sample or restart at a time",
  );
}

/** `value` with the axis that the samples of others lie along cut in two, of which the second holds whole runs of samples. */
function unfolded(value: Traced, rank: number, axis: number, outer: number): Traced {
  const own = axis - rank + value.shape.length;
  const extent = value.shape[own];
  if (extent === undefined) return value;
  const runs = extent === 1 ? [1, 1] : [outer, extent / outer];
  const shape = [...value.shape.slice(0, own), ...runs, ...value.shape.slice(own + 1)];
  const lead = value.parts === undefined ? [] : [value.parts];
  const batch = value.batch === "none" ? "none" : along(own + 1);
  return { ...plain(value), node: layout.reshape(value.node, [...lead, ...shape]), shape, batch };
}

/** `work` on values among which are some in parts, with samples in whole runs along an axis of their own, whatever lies around them. */
export function inRuns(
  values: readonly Traced[],
  rank: number,
  batch: Batch,
  work: (values: readonly Traced[]) => Traced,
): Traced {
  if (typeof batch === "string" || batch.outer === 1) return work(values);
  const result = work(values.map((value) => unfolded(value, rank, batch.axis, batch.outer)));
  const { shape } = result;
  const joinedShape = [
    ...shape.slice(0, batch.axis),
    shape[batch.axis]! * shape[batch.axis + 1]!,
    ...shape.slice(batch.axis + 2),
  ];
  return { ...plain(result), node: layout.reshape(result.node, joinedShape), shape: joinedShape, batch };
}

/** What values give that are combined entry by entry with broadcasting. Throws GraphError where shapes do not fit. */
export function combined(values: readonly Traced[], fail: Fail, combine: (nodes: Node[]) => Node): Traced {
  const shape = values.map((value) => value.shape).reduce((a, b) => broadcastShape(a, b));
  const batch = commonBatch(values, shape.length);
  const parts = values.find((value) => value.parts !== undefined)?.parts;
  if (parts !== undefined && typeof batch !== "string" && batch.outer > 1) {
    return inRuns(values, shape.length, batch, (runs) => combined(runs, fail, combine));
  }
  const node = combine(values.map((value) => inStep(value, shape, batch, fail).node));
  const learnt = values.some((value) => value.learnt);
  return { node, shape, batch, learnt, ...(parts === undefined || batch !== "none" ? {} : { parts }) };
}

/** Joins along `axis`. Throws GraphError where shapes do not fit. */
export function concat(operation: Operation, values: readonly Value[], axis: number): Value {
  if (values.every(isKnown) && values.every((value) => value.initialiser === undefined)) {
    return joined(values as readonly Known[], axis);
  }
  const operands = values.map((value) => lift(operation, value));
  const { shape: first } = operands[0]!;
  const common = commonBatch(operands, first.length);
  const shape = first.map((extent, i) =>
    i === axis ? operands.reduce((sum, each) => sum + (each.shape[axis] ?? 0), 0) : extent,
  );
  const inParts = operands.find((each) => each.parts !== undefined)?.parts;
  if (inParts !== undefined && typeof common !== "string" && common.outer > 1 && axis !== common.axis) {
    const moved = axis < common.axis ? axis : axis + 1;
    return inRuns(operands, first.length, common, (runs) => concat(operation, runs, moved) as Traced);
  }
  const parts = common === "none" ? inParts : undefined;
  const nodes = operands.map((each) => {
    if (parts !== undefined && each.parts === undefined) return broadcastTo(each.node, [parts, ...each.shape]);
    return common === "none" ? each.node : inStep(each, shape, common, operation.fail).node;
  });
  const learnt = operands.some((each) => each.learnt);
  const batch = liesAlong(common, axis) ? "lost" : common;
  const node = layout.concat(nodes, parts === undefined ? axis : axis + 1);
  return { node, shape, batch, learnt, ...(parts === undefined ? {} : { parts }) };
}
