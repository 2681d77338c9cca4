// Sums and their adjoint, broadcasting. Sum and broadcast are each other's gradient.
import { type Shape, sizeOf } from "../../math/tensor.js";
import { GraphError, type Node } from "../graph.js";
import type { OpFamily } from "../rule.js";
import { reshape } from "./layout.js";

/** Sum over `axes` (default: all, giving a scalar); the axes vanish, or stay with extent 1 when `keep`. */
export function sum(x: Node, axes: readonly number[] = x.shape.map((_, axis) => axis), keep = false): Node {
  if (axes.length === 0) return x;
  const reduced = new Set(axes);
  const wrong = axes.find((axis) => x.shape[axis] === undefined);
  if (wrong !== undefined) throw new GraphError(`sum: [${x.shape}] has no axis ${wrong}; axes count from 0`);
  const kept = x.shape.map((extent, axis) => (reduced.has(axis) ? 1 : extent));
  if (kept.join() === x.shape.join()) return keep ? x : reshape(x, dropAxes(x.shape, reduced));
  const summed = x.graph.node("sum", [x], { axes: [...reduced].sort((a, b) => a - b) }, dropAxes(x.shape, reduced));
  return keep ? reshape(summed, kept) : summed;
}

/** `x` repeated to `shape` by the usual right-aligned rule. Throws GraphError when an extent is neither 1 nor equal. */
export function broadcastTo(x: Node, shape: Shape): Node {
  if (x.shape.join() === shape.join()) return x;
  if (broadcastShape(x.shape, shape).join() !== shape.join()) {
    throw new GraphError(`broadcastTo: [${x.shape}] does not broadcast to [${shape}]`);
  }
  const source = x.op === "broadcast" && x.inputs[0]!.shape.length === 0 ? x.inputs[0]! : x;
  return x.graph.node("broadcast", [source], { shape: [...shape] }, shape);
}

/** Sums `x` down to `shape`, the adjoint of `broadcastTo(_, x.shape)`. */
export function sumTo(x: Node, shape: Shape): Node {
  if (x.shape.join() === shape.join()) return x;
  const lead = x.shape.length - shape.length;
  const axes = x.shape
    .map((_, axis) => axis)
    .filter((axis) => axis < lead || (shape[axis - lead] === 1 && x.shape[axis] !== 1));
  return reshape(sum(x, axes), shape);
}

/** The shape that two operands broadcast to. Throws GraphError when they do not fit. */
export function broadcastShape(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) throw new GraphError(`shapes [${a}] and [${b}] do not broadcast`);
    return left === 1 ? right : left;
  });
}

function dropAxes(shape: Shape, axes: ReadonlySet<number>): Shape {
  return shape.filter((_, axis) => !axes.has(axis));
}

// One pass over many float32 terms loses digits (spec/engine.md section 3), so large sums go in two stages.
const ONE_STAGE_LIMIT = 1024;

function rowsNearSquareRoot(size: number): number {
  for (let rows = Math.floor(Math.sqrt(size)); rows > 1; rows--) if (size % rows === 0) return rows;
  return 1;
}

export const reduceOps: OpFamily = {
  sum: {
    gradient: (node, adjoint) => {
      const x = node.inputs[0]!;
      const reduced = new Set(node.attributes.axes as number[]);
      const kept = x.shape.map((extent, axis) => (reduced.has(axis) ? 1 : extent));
      return [broadcastTo(reshape(adjoint, kept), x.shape)];
    },
    emit: (node, emitter) => {
      const x = node.inputs[0]!;
      const isSquare = x.op === "mul" && x.inputs[0] === x.inputs[1];
      const operand = emitter.nameOf(isSquare ? x.inputs[0]! : x);
      const opType = isSquare ? "ReduceSumSquare" : "ReduceSum";
      const axes = node.attributes.axes as number[];
      const over = (type: string, name: string, chosen: readonly number[]) =>
        emitter.node(type, [name, emitter.integers(chosen)], { keepdims: 0 });
      const size = sizeOf(x.shape);
      if (size / sizeOf(node.shape) <= ONE_STAGE_LIMIT) return over(opType, operand, axes);
      const rows = node.shape.length === 0 ? rowsNearSquareRoot(size) : 1;
      if (rows > 1) {
        const matrix = emitter.node("Reshape", [operand, emitter.integers([rows, size / rows])]);
        return over("ReduceSum", over(opType, matrix, [1]), [0]);
      }
      const [last, others] = [axes.slice(-1), axes.slice(0, -1)];
      return others.length === 0 ? over(opType, operand, last) : over("ReduceSum", over(opType, operand, last), others);
    },
  },
  broadcast: {
    gradient: (node, adjoint) => [sumTo(adjoint, node.inputs[0]!.shape)],
    emit: (node, emitter) =>
      emitter.node("Expand", [emitter.nameOf(node.inputs[0]!), emitter.integers(node.attributes.shape as number[])]),
  },
};
