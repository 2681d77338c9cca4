// Picks entries along an axis by constant positions. The adjoint adds up the entries that went to one position; it is a gather and a sum
// again, never a scatter with additions, which loses sums on several threads.
import { GraphError, type Node } from "../graph.js";
import type { OpFamily } from "../rule.js";
import { reshape } from "./layout.js";
import { sum } from "./reduce.js";

/** Stands for an entry of zeros. */
const NOTHING = -1;

function pick(x: Node, indices: readonly number[], axis: number): Node {
  if (indices.length === x.shape[axis] && indices.every((index, position) => index === position)) return x;
  const shape = x.shape.map((extent, i) => (i === axis ? indices.length : extent));
  return x.graph.node("gather", [x], { axis, indices: [...indices] }, shape);
}

/** Entries `indices` (any order, repeats allowed) of `axis`. Throws GraphError unless there is one and all lie in 0 to the extent - 1. */
export function gather(x: Node, indices: readonly number[], axis: number): Node {
  const extent = x.shape[axis];
  if (extent === undefined) throw new GraphError(`gather: [${x.shape}] has no axis ${axis}; axes count from 0`);
  if (indices.length === 0) throw new GraphError("gather: expected at least one index, got none");
  const wrong = indices.find((index) => !Number.isInteger(index) || index < 0 || index >= extent);
  if (wrong === undefined) return pick(x, indices, axis);
  throw new GraphError(`gather: index ${wrong} is not in axis ${axis} of [${x.shape}], 0 to ${extent - 1}`);
}

/** For each of `extent` positions, where it appears in `indices`, filled up with NOTHING to the most appearances of any. */
function appearances(indices: readonly number[], extent: number): number[][] {
  const lists = Array.from({ length: extent }, (): number[] => []);
  for (const [position, index] of indices.entries()) if (index !== NOTHING) lists[index]!.push(position);
  const most = lists.reduce((length, list) => Math.max(length, list.length), 0);
  return lists.map((list) => [...list, ...Array.from({ length: most - list.length }, () => NOTHING)]);
}

export const gatherOps: OpFamily = {
  gather: {
    gradient: (node, adjoint) => {
      const x = node.inputs[0]!;
      const { axis, indices } = node.attributes as { axis: number; indices: number[] };
      const sources = appearances(indices, x.shape[axis]!);
      const shares = pick(adjoint, sources.flat(), axis);
      const split = x.shape.flatMap((extent, i) => (i === axis ? [extent, sources[0]!.length] : [extent]));
      return [sum(reshape(shares, split), [axis + 1])];
    },
    emit: (node, emitter) => {
      const x = node.inputs[0]!;
      const { axis, indices } = node.attributes as { axis: number; indices: number[] };
      const extent = x.shape[axis]!;
      const name = emitter.nameOf(x);
      if (!indices.includes(NOTHING)) return emitter.node("Gather", [name, emitter.integers(indices)], { axis });
      const behind = [...x.shape.map(() => 0), ...x.shape.map((_, i) => (i === axis ? 1 : 0))];
      const padded = emitter.node("Pad", [name, emitter.integers(behind)]);
      const filled = indices.map((index) => (index === NOTHING ? extent : index));
      return emitter.node("Gather", [padded, emitter.integers(filled)], { axis });
    },
  },
};
