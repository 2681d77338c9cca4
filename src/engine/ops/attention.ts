// Scaled dot-product and multi-head self-attention (Vaswani et al. 2017), with the packed parameters of PyTorch's MultiheadAttention. Made of
// matrix products and softmax, so that it has no gradient rule of its own.
import { type FloatArray, sizeOf } from "../../math/tensor.js";
import { type Graph, GraphError, type Node } from "../graph.js";
import { add, mul } from "./elementwise.js";
import { reshape, slice, transpose } from "./layout.js";
import { matmul } from "./matmul.js";
import { linear } from "./parts.js";
import { broadcastShape } from "./reduce.js";
import { softmax } from "./softmax.js";

export interface AttentionOptions {
  /** Added to the scores of every query (row) for every key (column) before the softmax; broadcasts to [N, heads, T, S]. */
  readonly mask?: Node;
}

/**
 * softmax(q·kᵀ/√d + mask)·v: queries [N, heads, T, d], keys [N, heads, S, d], values [N, heads, S, e] give [N, heads, T, e]. Throws
 * GraphError when they do not fit.
 */
export function scaledDotProductAttention(q: Node, k: Node, v: Node, { mask }: AttentionOptions = {}): Node {
  const width = q.shape[q.shape.length - 1]!;
  const scores = matmul(mul(1 / Math.sqrt(width), q), k, { b: true });
  if (!mask) return matmul(softmax(scores), v);
  if (broadcastShape(mask.shape, scores.shape).join() !== scores.shape.join()) {
    throw new GraphError(`attention: a mask of [${mask.shape}] does not broadcast to the scores [${scores.shape}]`);
  }
  return matmul(softmax(add(scores, mask)), v);
}

const causal = new Map<number, FloatArray>();

/** The mask [T, T] under which a token attends to itself and to those before it: -∞ above the diagonal, 0 elsewhere. */
export function causalMask(graph: Graph, tokens: number): Node {
  const data =
    causal.get(tokens) ??
    Float64Array.from({ length: tokens * tokens }, (_, i) => (i % tokens > Math.floor(i / tokens) ? -Infinity : 0));
  // One array for each length, so that all layers of a model share one constant.
  causal.set(tokens, data);
  return graph.constant({ shape: [tokens, tokens], data });
}

/** Parameters with a leading axis P belong to parts of the batch, see parts.ts. */
export interface MultiHeadAttention extends AttentionOptions {
  /** Projections of queries, keys and values below each other: [3·D, D] or [P, 3·D, D]. */
  readonly inProjWeight: Node;
  /** [3·D] or [P, 3·D]. */
  readonly inProjBias?: Node;
  /** [D, D] or [P, D, D]. */
  readonly outWeight: Node;
  /** [D] or [P, D]. */
  readonly outBias?: Node;
  readonly heads: number;
}

/** Self-attention of x [N, T, D] in `heads` heads of D/heads numbers each: [N, T, D]. Throws GraphError when shapes do not fit. */
export function multiHeadAttention(x: Node, options: MultiHeadAttention): Node {
  const { inProjWeight, inProjBias, outWeight, outBias, heads, ...rest } = options;
  const [batch, tokens, dim] = x.shape as [number, number, number];
  if (x.shape.length !== 3 || dim % heads !== 0) {
    throw new GraphError(`multiHeadAttention: [${x.shape}] is no [N, T, D] with D a multiple of ${heads} heads`);
  }
  const inHead = [batch, heads, tokens, dim / heads];
  const projected = linear(x, inProjWeight, inProjBias);
  if (sizeOf(projected.shape) !== 3 * sizeOf(x.shape)) {
    throw new GraphError(`multiHeadAttention: [${x.shape}] takes [${3 * dim}, ${dim}], got [${inProjWeight.shape}]`);
  }
  const packed = transpose(reshape(projected, [batch, tokens, 3, heads, dim / heads]), [2, 0, 3, 1, 4]);
  const [q, k, v] = [0, 1, 2].map((part) => reshape(slice(packed, [part, 0, 0, 0, 0], [1, ...inHead]), inHead));
  const mixed = scaledDotProductAttention(q!, k!, v!, rest);
  return linear(reshape(transpose(mixed, [0, 2, 1, 3]), x.shape), outWeight, outBias);
}
