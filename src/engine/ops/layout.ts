// Ops that only move numbers: reshape, transpose, concatenation, and the pair slice / embed, each the other's gradient.
import { type Shape, sizeOf } from "../../math/tensor.js";
import { GraphError, type Node } from "../graph.js";
import type { OpFamily } from "../rule.js";

/** The same numbers in another shape of equal size. */
export function reshape(x: Node, shape: Shape): Node {
  if (sizeOf(shape) !== sizeOf(x.shape)) throw new GraphError(`reshape: [${x.shape}] does not hold [${shape}]`);
  const source = x.op === "reshape" ? x.inputs[0]! : x;
  if (source.shape.join() === shape.join()) return source;
  // A repeated scalar stays one, so that products with it stay products with a scalar.
  const repeated = source.op === "broadcast" ? source.inputs[0]! : undefined;
  if (repeated?.shape.length === 0) return x.graph.node("broadcast", [repeated], { shape: [...shape] }, shape);
  return x.graph.node("reshape", [source], { shape: [...shape] }, shape);
}

/** Axis `i` of the result is axis `permutation[i]` of `x`. */
export function transpose(x: Node, permutation: readonly number[]): Node {
  if ([...permutation].sort((a, b) => a - b).join() !== x.shape.map((_, axis) => axis).join()) {
    throw new GraphError(`transpose: [${permutation}] does not order the axes of [${x.shape}]`);
  }
  if (permutation.every((axis, i) => axis === i)) return x;
  if (x.op === "transpose") {
    const inner = x.attributes.permutation as number[];
    return transpose(
      x.inputs[0]!,
      permutation.map((axis) => inner[axis]!),
    );
  }
  const moved = permutation.filter((axis) => x.shape[axis] !== 1);
  if (moved.every((axis, i) => i === 0 || moved[i - 1]! < axis)) {
    return reshape(
      x,
      permutation.map((axis) => x.shape[axis]!),
    );
  }
  return x.graph.node(
    "transpose",
    [x],
    { permutation: [...permutation] },
    permutation.map((axis) => x.shape[axis]!),
  );
}

/** Joins along `axis`. Throws GraphError unless there is a part and all other extents agree. */
export function concat(parts: readonly Node[], axis: number): Node {
  const [first] = parts;
  if (!first) throw new GraphError("concat: expected at least one part, got none");
  const rest = (part: Node) => part.shape.map((extent, i) => (i === axis ? "*" : extent)).join();
  const stranger = parts.find((part) => part.shape[axis] === undefined || rest(part) !== rest(first));
  if (stranger) throw new GraphError(`concat: [${stranger.shape}] does not join [${first.shape}] along axis ${axis}`);
  if (parts.length === 1) return first;
  const total = parts.reduce((length, part) => length + part.shape[axis]!, 0);
  return first.graph.node(
    "concat",
    parts,
    { axis },
    first.shape.map((extent, i) => (i === axis ? total : extent)),
  );
}

/** Throws GraphError unless entries `starts[i] + k * steps[i]`, k from 0 to `sizes[i] - 1`, lie inside `whole` on every axis. */
function requireInside(op: string, whole: Shape, starts: readonly number[], sizes: Shape, steps: readonly number[]) {
  if ([starts, sizes, steps].some((list) => list.length !== whole.length)) {
    throw new GraphError(`${op}: starts [${starts}], sizes [${sizes}], steps [${steps}] for [${whole}]: ranks differ`);
  }
  whole.forEach((extent, axis) => {
    const last = starts[axis]! + (sizes[axis]! - 1) * steps[axis]!;
    if (starts[axis]! < 0 || sizes[axis]! < 1 || steps[axis]! < 1 || last >= extent) {
      throw new GraphError(`${op}: entries ${starts[axis]} to ${last} of axis ${axis} are not inside [${whole}]`);
    }
  });
}

/** Entries `starts[i] + k * steps[i]`, k from 0 to `sizes[i] - 1`, of every axis. Throws GraphError outside the bounds. */
export function slice(x: Node, starts: readonly number[], sizes: Shape, steps = starts.map(() => 1)): Node {
  requireInside("slice", x.shape, starts, sizes, steps);
  if (sizes.join() === x.shape.join()) return x;
  return x.graph.node("slice", [x], { starts: [...starts], steps: [...steps] }, sizes);
}

/** Zeros of `shape` with `x` written to the entries that `slice(_, starts, x.shape, steps)` reads. Throws GraphError as `slice`. */
export function embed(x: Node, shape: Shape, starts: readonly number[], steps = starts.map(() => 1)): Node {
  requireInside("embed", shape, starts, x.shape, steps);
  if (shape.join() === x.shape.join()) return x;
  return x.graph.node("embed", [x], { starts: [...starts], steps: [...steps] }, shape);
}

/** Zero padding: `before[i]` and `after[i]` entries on axis i; negative counts crop. */
export function pad(x: Node, before: readonly number[], after: readonly number[]): Node {
  // Grown first: a crop that leaves nothing of x is then still a slice of the padding.
  const front = before.map((count) => Math.max(0, count));
  const grown = embed(
    x,
    x.shape.map((extent, axis) => extent + front[axis]! + Math.max(0, after[axis]!)),
    front,
  );
  return slice(
    grown,
    before.map((count) => Math.max(0, -count)),
    grown.shape.map((extent, axis) => extent + Math.min(0, before[axis]!) + Math.min(0, after[axis]!)),
  );
}

export const layoutOps: OpFamily = {
  reshape: {
    gradient: (node, adjoint) => [reshape(adjoint, node.inputs[0]!.shape)],
    emit: (node, emitter) => emitter.node("Reshape", [emitter.nameOf(node.inputs[0]!), emitter.integers(node.shape)]),
  },
  transpose: {
    gradient: (node, adjoint) => {
      const permutation = node.attributes.permutation as number[];
      return [
        transpose(
          adjoint,
          permutation.map((_, axis) => permutation.indexOf(axis)),
        ),
      ];
    },
    emit: (node, emitter) =>
      emitter.node("Transpose", [emitter.nameOf(node.inputs[0]!)], { perm: node.attributes.permutation as number[] }),
  },
  concat: {
    gradient: (node, adjoint) => {
      const axis = node.attributes.axis as number;
      let offset = 0;
      return node.inputs.map((part) => {
        const starts = part.shape.map((_, i) => (i === axis ? offset : 0));
        offset += part.shape[axis]!;
        return slice(adjoint, starts, part.shape);
      });
    },
    emit: (node, emitter) =>
      emitter.node(
        "Concat",
        node.inputs.map((part) => emitter.nameOf(part)),
        { axis: node.attributes.axis as number },
      ),
  },
  slice: {
    gradient: (node, adjoint) => [
      embed(adjoint, node.inputs[0]!.shape, node.attributes.starts as number[], node.attributes.steps as number[]),
    ],
    emit: (node, emitter) => {
      const x = node.inputs[0]!;
      const starts = node.attributes.starts as number[];
      const steps = node.attributes.steps as number[];
      const axes = x.shape.map((_, axis) => axis).filter((axis) => node.shape[axis] !== x.shape[axis]);
      const pick = (values: readonly number[]) => emitter.integers(axes.map((axis) => values[axis]!));
      const ends = starts.map((start, axis) => start + (node.shape[axis]! - 1) * steps[axis]! + 1);
      return emitter.node("Slice", [emitter.nameOf(x), pick(starts), pick(ends), emitter.integers(axes), pick(steps)]);
    },
  },
  embed: {
    gradient: (node, adjoint) => [
      slice(adjoint, node.attributes.starts as number[], node.inputs[0]!.shape, node.attributes.steps as number[]),
    ],
    emit: (node, emitter) => {
      const x = node.inputs[0]!;
      const starts = node.attributes.starts as number[];
      const steps = node.attributes.steps as number[];
      let name = emitter.nameOf(x);
      let spread = x.shape;
      if (steps.some((step) => step > 1)) {
        // Zeros between entries: [.., n, ..] becomes [.., n, 1, ..], is padded to [.., n, step, ..] and flattened again.
        const pairs = x.shape.flatMap((extent) => [extent, 1]);
        const behind = steps.flatMap((step) => [0, step - 1]);
        spread = x.shape.map((extent, axis) => extent * steps[axis]!);
        name = emitter.node("Reshape", [name, emitter.integers(pairs)]);
        name = emitter.node("Pad", [name, emitter.integers([...pairs.map(() => 0), ...behind])]);
        name = emitter.node("Reshape", [name, emitter.integers(spread)]);
      }
      const after = node.shape.map((extent, axis) => extent - starts[axis]! - spread[axis]!);
      if ([...starts, ...after].every((count) => count === 0)) return name;
      return emitter.node("Pad", [name, emitter.integers([...starts, ...after])]);
    },
  },
};
