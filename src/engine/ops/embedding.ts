// Rows of a table by ids that are known at run time only, such as token ids. Nodes have no element type, so ids are numbers like all others.
// `embedding` and `embeddingGrad` are one bilinear form in the table and the adjoint; each is the gradient of the other.
import { type Shape, sizeOf } from "../../math/tensor.js";
import { GraphError, type Node } from "../graph.js";
import type { Emitter, OpFamily } from "../rule.js";
import { reshape } from "./layout.js";
import { matmul } from "./matmul.js";
import { samplesPerPart, sharedByParts } from "./parts.js";

const INT64 = 7;

const asIntegers = (ids: Node, emitter: Emitter) => emitter.node("Cast", [emitter.nameOf(ids)], { to: INT64 });

/** One-hot rows: whole numbers `ids` [...] give [..., size], zeros where an id is not in 0 to size - 1. Constant under differentiation. */
export function oneHot(ids: Node, size: number): Node {
  return ids.graph.node("oneHot", [ids], {}, [...ids.shape, size]);
}

/**
 * Rows of `table` [V, D], or [P, V, D] in parts: whole numbers `ids` [N, ...] in 0 to V - 1 give [N, ..., D]. Constant in `ids`, which may be an
 * input or a constant node. Other ids are the caller's error: a run rejects those beyond the whole
 * table, and may read a wrong row for negative ones or in parts. Throws GraphError when the shapes do not fit.
 */
export function embedding(table: Node, ids: Node): Node {
  if (table.shape.length !== 2 && table.shape.length !== 3) {
    throw new GraphError(`embedding: expected a table [V, D] or [P, V, D], got [${table.shape}]`);
  }
  if (table.shape.length === 3) samplesPerPart("embedding", ids.shape[0] ?? 1, table.shape[0]!);
  return table.graph.node("embedding", [table, ids], {}, [...ids.shape, table.shape[table.shape.length - 1]!]);
}

/** Adjoint of `embedding` in its table, of shape `tableShape`: rows of `dy` [N, ..., D] with equal ids are added. */
const embeddingGrad = (dy: Node, ids: Node, tableShape: Shape): Node =>
  dy.graph.node("embeddingGrad", [dy, ids], {}, tableShape);

export const embeddingOps: OpFamily = {
  oneHot: {
    gradient: () => [null],
    emit: (node, emitter) => {
      const ids = node.inputs[0]!;
      const column = emitter.node("Reshape", [asIntegers(ids, emitter), emitter.integers([...ids.shape, 1])]);
      const classes = emitter.integers(Array.from({ length: node.shape[ids.shape.length]! }, (_, i) => i));
      return emitter.castToFloat(emitter.node("Equal", [column, classes]));
    },
  },
  embedding: {
    gradient: (node, adjoint) => [embeddingGrad(adjoint, node.inputs[1]!, node.inputs[0]!.shape), null],
    lower: (node) => {
      const shared = sharedByParts(node.inputs[0]!);
      return shared ? embedding(shared, node.inputs[1]!) : null;
    },
    emit: (node, emitter) => {
      const [table, ids] = node.inputs as [Node, Node];
      const rows = asIntegers(ids, emitter);
      if (table.shape.length === 2) return emitter.node("Gather", [emitter.nameOf(table), rows], { axis: 0 });
      // The tables of all parts on top of each other; ids of part p begin at row p · V.
      const [parts, vocabulary, width] = table.shape as [number, number, number];
      const stacked = emitter.node("Reshape", [emitter.nameOf(table), emitter.integers([parts * vocabulary, width])]);
      const starts = Array.from({ length: parts }, (_, part) => part * vocabulary);
      const column = emitter.node("Reshape", [emitter.integers(starts), emitter.integers([parts, 1])]);
      const byPart = emitter.node("Reshape", [rows, emitter.integers([parts, sizeOf(ids.shape) / parts])]);
      const read = emitter.node("Gather", [stacked, emitter.node("Add", [byPart, column])], { axis: 0 });
      return emitter.node("Reshape", [read, emitter.integers(node.shape)]);
    },
  },
  embeddingGrad: {
    gradient: (node, adjoint) => [embedding(adjoint, node.inputs[1]!), null],
    // One-hotᵀ · dy: a product, since a scatter with additions loses sums on several threads.
    lower: (node) => {
      const [dy, ids] = node.inputs as [Node, Node];
      const [vocabulary, width] = node.shape.slice(-2) as [number, number];
      const parts = sizeOf(node.shape) / (vocabulary * width);
      const rows = sizeOf(ids.shape) / parts;
      const chosen = oneHot(reshape(ids, [parts, rows]), vocabulary);
      return reshape(matmul(chosen, reshape(dy, [parts, rows, width]), { a: true }), node.shape);
    },
    emit: (node) => {
      throw new GraphError(`embeddingGrad [${node.shape}] has no ONNX node of its own; compile() lowers it`);
    },
  },
};
