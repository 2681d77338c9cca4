// Matrix products, of two matrices or of equally batched stacks of them, with either factor transposed.
import { GraphError, type Node } from "../graph.js";
import type { OpFamily } from "../rule.js";
import { reshape, transpose } from "./layout.js";

/** What to transpose (last two axes) before multiplying. */
interface Flip {
  readonly a?: boolean;
  readonly b?: boolean;
}

/** A·B over the last two axes; leading axes must be equal. Shapes [.., m, k] and [.., k, n] (after flips) give [.., m, n]. */
export function matmul(a: Node, b: Node, flip: Flip = {}): Node {
  const rank = a.shape.length;
  const lead = a.shape.slice(0, -2);
  const [rows, inner] = flip.a ? [a.shape[rank - 1]!, a.shape[rank - 2]!] : [a.shape[rank - 2]!, a.shape[rank - 1]!];
  const [depth, columns] = flip.b ? [b.shape[rank - 1]!, b.shape[rank - 2]!] : [b.shape[rank - 2]!, b.shape[rank - 1]!];
  if (rank < 2 || b.shape.length !== rank || inner !== depth || lead.join() !== b.shape.slice(0, -2).join()) {
    throw new GraphError(
      `matmul: [${a.shape}]${flip.a ? "ᵀ" : ""} and [${b.shape}]${flip.b ? "ᵀ" : ""} do not fit; expected [.., m, k] and [.., k, n]`,
    );
  }
  return a.graph.node("matmul", [a, b], { a: flip.a ? 1 : 0, b: flip.b ? 1 : 0 }, [...lead, rows, columns]);
}

/** Swaps the last two axes. */
export function swapLast(x: Node): Node {
  const rank = x.shape.length;
  return transpose(
    x,
    x.shape.map((_, axis) => (axis === rank - 1 ? rank - 2 : axis === rank - 2 ? rank - 1 : axis)),
  );
}

export const matmulOps: OpFamily = {
  matmul: {
    // C = op(A) op(B): the adjoint of op(A) is dC op(B)ᵀ, of op(B) op(A)ᵀ dC; a flipped factor takes the transposed product.
    gradient: (node, adjoint) => {
      const [a, b] = node.inputs as [Node, Node];
      const flipA = node.attributes.a === 1;
      const flipB = node.attributes.b === 1;
      return [
        flipA ? matmul(b, adjoint, { a: flipB, b: true }) : matmul(adjoint, b, { b: !flipB }),
        flipB ? matmul(adjoint, a, { a: true, b: flipA }) : matmul(a, adjoint, { a: !flipA }),
      ];
    },
    // A stack of equal right factors (a parameter shared by parts, parts.ts) is one product with all rows of the left factor.
    lower: (node) => {
      const [a, b] = node.inputs as [Node, Node];
      if (b.op !== "inParts" || node.attributes.a === 1 || node.shape.length !== 3) return null;
      const rows = reshape(a, [node.shape[0]! * node.shape[1]!, a.shape[2]!]);
      return reshape(matmul(rows, b.inputs[0]!, { b: node.attributes.b === 1 }), node.shape);
    },
    emit: (node, emitter) => {
      const [a, b] = node.inputs as [Node, Node];
      const [transA, transB] = [node.attributes.a as number, node.attributes.b as number];
      if (node.shape.length === 2)
        return emitter.node("Gemm", [emitter.nameOf(a), emitter.nameOf(b)], { transA, transB });
      const operand = (x: Node, flip: number) => {
        if (!flip) return emitter.nameOf(x);
        const rank = x.shape.length;
        const perm = x.shape.map((_, axis) => (axis === rank - 1 ? rank - 2 : axis === rank - 2 ? rank - 1 : axis));
        return emitter.node("Transpose", [emitter.nameOf(x)], { perm });
      };
      return emitter.node("MatMul", [operand(a, transA), operand(b, transB)]);
    },
  },
};
