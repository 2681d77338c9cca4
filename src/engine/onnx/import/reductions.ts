// Sums, means, norms and extrema over axes, and softmax along one.
import { sizeOf } from "../../../math/tensor.js";
import type { Node } from "../../graph.js";
import { abs, add, exp, log, mul, sqrt, square, stopGradient, sub } from "../../ops/elementwise.js";
import * as layout from "../../ops/layout.js";
import { maxPool } from "../../ops/max-pool.js";
import { sum } from "../../ops/reduce.js";
import { logSoftmax, softmax } from "../../ops/softmax.js";
import { moved, reshape, transpose } from "./moves.js";
import { axesOf, axisOf, integersOf, lift, operand, type Rule, type RuleFamily, traced } from "./operation.js";
import { type Batch, integers, isConstant, type Known, liesAlong, onAxis, plain, type Traced } from "./value.js";
import { positions, room, stridesOf } from "./view.js";

interface Reduction {
  readonly onHost: (entries: number[]) => number;
  /** Over `axes`, which stay with extent 1. */
  readonly build: (x: Node, axes: readonly number[]) => Node;
}

const countOf = (x: Node, axes: readonly number[]) => axes.reduce((product, axis) => product * x.shape[axis]!, 1);

/** Largest entry over `axes`: a pool whose window is all of them, moved to the end. */
function maximum(x: Node, axes: readonly number[]): Node {
  const rest = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const turned = layout.transpose(x, [...rest, ...axes]);
  const count = countOf(x, axes);
  const rows = layout.reshape(turned, [1, 1, sizeOf(x.shape) / count, count]);
  const kept = x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  return layout.reshape(maxPool(rows, { kernel: [1, count] }), kept);
}

const negative = (x: Node) => mul(-1, x);
const total = (entries: number[]) => entries.reduce((a, b) => a + b, 0);

const reductions: Readonly<Record<string, Reduction>> = {
  ReduceSum: { onHost: total, build: (x, axes) => sum(x, axes, true) },
  ReduceMean: {
    onHost: (entries) => total(entries) / entries.length,
    build: (x, axes) => mul(1 / countOf(x, axes), sum(x, axes, true)),
  },
  ReduceMax: { onHost: (entries) => Math.max(...entries), build: maximum },
  ReduceMin: { onHost: (entries) => Math.min(...entries), build: (x, axes) => negative(maximum(negative(x), axes)) },
  ReduceL1: { onHost: (entries) => total(entries.map(Math.abs)), build: (x, axes) => sum(abs(x), axes, true) },
  ReduceL2: { onHost: (entries) => Math.hypot(...entries), build: (x, axes) => sqrt(sum(square(x), axes, true)) },
  ReduceSumSquare: {
    onHost: (entries) => total(entries.map((entry) => entry * entry)),
    build: (x, axes) => sum(square(x), axes, true),
  },
  ReduceLogSum: {
    onHost: (entries) => Math.log(total(entries)),
    build: (x, axes) => log(sum(x, axes, true)),
  },
  ReduceLogSumExp: {
    onHost: (entries) => Math.log(total(entries.map(Math.exp))),
    build(x, axes) {
      const largest = stopGradient(maximum(x, axes));
      return add(largest, log(sum(exp(sub(x, largest)), axes, true)));
    },
  },
};

function onHost(x: Known, axes: readonly number[], shape: readonly number[], reduce: Reduction["onHost"]): Known {
  const strides = stridesOf(x.shape);
  const rest = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const pick = (from: readonly number[], which: readonly number[]) => which.map((axis) => from[axis]!);
  const data = room(shape);
  let count = 0;
  for (const start of positions(pick(x.shape, rest), pick(strides, rest))) {
    const entries = Array.from(positions(pick(x.shape, axes), pick(strides, axes), start), (at) => x.data[at]!);
    data[count++] = reduce(entries);
  }
  return { kind: x.kind, shape, data };
}

/** Where the samples lie once `axes` are gone, or stay with extent 1. */
function batchAfter(batch: Batch, axes: readonly number[], keep: boolean): Batch {
  if (axes.some((axis) => liesAlong(batch, axis))) return "lost";
  return keep ? batch : onAxis(batch, (own) => own - axes.filter((axis) => axis < own).length);
}

const reduction =
  ({ onHost: reduce, build }: Reduction): Rule =>
  (operation) => {
    const { attributes, tracing } = operation;
    const held = operand(operation, 0);
    const rank = held.shape.length;
    const given = integersOf(operation, 1, "axes") ?? [];
    if (given.length === 0 && attributes.int("noop_with_empty_axes", 0) === 1) return held;
    const axes = given.length > 0 ? [...new Set(axesOf(operation, given, rank))] : held.shape.map((_, axis) => axis);
    const keep = attributes.int("keepdims", 1) === 1;
    const shape = held.shape.flatMap((extent, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [extent]));
    if (isConstant(held)) return onHost(held, axes, shape, reduce);
    const x = lift(operation, held);
    const batch = batchAfter(x.batch, axes, true);
    const kept = x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
    const reduced = moved(x, kept, batch, (node, lead) =>
      build(
        node,
        axes.map((axis) => axis + lead.length),
      ),
    );
    return keep ? reduced : { ...reshape(reduced, shape, tracing.samples), batch: batchAfter(x.batch, axes, false) };
  };

/** The product of constants, as sizes are. */
const reduceProd: Rule = (operation) => {
  const x = operand(operation, 0);
  if (!isConstant(x))
    return operation.fail("a product of constants", "of what depends on the pixels or on what is learnt");
  const axes = integersOf(operation, 1, "axes");
  let product = 1;
  for (const entry of x.data) product *= entry;
  if (axes !== undefined && x.shape.length > 1) return operation.fail("a product over all axes", `axes [${axes}]`);
  const keep = operation.attributes.int("keepdims", 1) === 1;
  return { ...integers([product], keep ? x.shape.map(() => 1) : []), kind: x.kind };
};

/** Along `axis`, which the engine wants last. */
const alongAxis =
  (build: (x: Node) => Node, isSoftmax: boolean): Rule =>
  (operation) => {
    const x = traced(operation, 0);
    const rank = x.shape.length;
    const axis = axisOf(operation, operation.attributes.int("axis", -1), rank);
    const order = x.shape.map((_, i) => i).filter((i) => i !== axis);
    const turned = transpose(x, [...order, axis]);
    const result: Traced = { ...plain(turned), node: build(turned.node) };
    const back = [...order, axis].map((_, i) => [...order, axis].indexOf(i));
    const y = transpose(result, back);
    const batch = liesAlong(x.batch, axis) ? "lost" : x.batch;
    return isSoftmax && rank === 2 && axis === 1 ? { ...y, batch, logits: x } : { ...y, batch };
  };

export const reductionRules: RuleFamily = {
  ...Object.fromEntries(Object.entries(reductions).map(([type, each]) => [type, reduction(each)])),
  ReduceProd: reduceProd,
  Softmax: alongAxis(softmax, true),
  LogSoftmax: alongAxis(logSoftmax, true),
};
