// Parameters in parts: per-sample and per-restart gradients in one graph. A parameter with a leading axis P belongs to P equal, consecutive
// parts of the batch, one slice to each. Where all slices are one shared parameter (a broadcast), the forward pass uses that one.
import { GraphError, type Node } from "../graph.js";
import type { OpFamily } from "../rule.js";
import { add } from "./elementwise.js";
import { reshape } from "./layout.js";
import { matmul } from "./matmul.js";
import { broadcastTo, sum } from "./reduce.js";

/** `parameter` [...] repeated for `count` parts: [count, ...]. Its adjoint has one slice per part. */
export function inParts(parameter: Node, count: number): Node {
  return parameter.graph.node("inParts", [parameter], {}, [count, ...parameter.shape]);
}

/** Samples in each of `parts` parts. Throws GraphError when the batch does not divide. */
export function samplesPerPart(op: string, batch: number, parts: number): number {
  if (batch % parts === 0) return batch / parts;
  throw new GraphError(`${op}: a batch of ${batch} does not divide into ${parts} parts`);
}

/** The one parameter that all parts share, without the parts axis; undefined where parts may differ. */
export const sharedByParts = (parameter: Node): Node | undefined =>
  parameter.op === "inParts" ? parameter.inputs[0] : undefined;

/**
 * Fully connected layer x·Wᵀ + b: x [N, in] or [N, T, in], weight [out, in] or [P, out, in], bias [out] or [P, out]. Throws GraphError when they do not fit.
 */
export function linear(x: Node, weight: Node, bias?: Node): Node {
  const lead = x.shape.slice(0, -1);
  const inputs = x.shape[x.shape.length - 1]!;
  const outputs = weight.shape[weight.shape.length - 2]!;
  const rows = lead.reduce((product, extent) => product * extent, 1);
  const parts = weight.shape.length === 3 ? weight.shape[0]! : 1;
  samplesPerPart("linear", x.shape[0]!, parts);
  const product =
    weight.shape.length === 3
      ? matmul(reshape(x, [parts, rows / parts, inputs]), weight, { b: true })
      : matmul(reshape(x, [rows, inputs]), weight, { b: true });
  const y = reshape(product, [...lead, outputs]);
  if (!bias) return y;
  if (bias.shape.length === 1) return add(y, bias);
  const perPart = reshape(y, [bias.shape[0]!, rows / bias.shape[0]!, outputs]);
  return reshape(add(perPart, reshape(bias, [bias.shape[0]!, 1, outputs])), y.shape);
}

/**
 * `parameter` of `rank` axes, or with a parts axis in front, so that it combines element-wise with a batch of `size` samples whose axes before
 * `gap` the parameter lacks: [1, …] or [size, …] with `gap` ones in between.
 */
function perSample(parameter: Node, size: number, rank: number, gap: number): Node {
  const ones = Array.from({ length: gap }, () => 1);
  if (parameter.shape.length === rank) return reshape(parameter, [1, ...ones, ...parameter.shape]);
  const [parts, ...own] = parameter.shape as [number, ...number[]];
  const samples = samplesPerPart("a parameter in parts", size, parts);
  return reshape(broadcastTo(reshape(parameter, [parts, 1, ...own]), [parts, samples, ...own]), [
    size,
    ...ones,
    ...own,
  ]);
}

/** `parameter` [C] or [P, C] in a shape that combines element-wise with `x` [N, C, ...]: [1, C, 1, ...] or [N, C, 1, ...]. */
export function channelwise(parameter: Node, x: Node): Node {
  const [batch, channels, ...spatial] = x.shape as [number, number, ...number[]];
  const row = perSample(parameter, batch, 1, 0);
  return reshape(row, [row.shape[0]!, channels, ...spatial.map(() => 1)]);
}

/** `parameter` [...own] or [P, ...own] in a shape that combines element-wise with `x` [N, ..., ...own], `own` being its last `rank` axes. */
export const featurewise = (parameter: Node, x: Node, rank: number): Node =>
  perSample(parameter, x.shape[0]!, rank, x.shape.length - 1 - rank);

export const partsOps: OpFamily = {
  inParts: {
    gradient: (_, adjoint) => [sum(adjoint, [0])],
    emit: (node, emitter) => emitter.node("Expand", [emitter.nameOf(node.inputs[0]!), emitter.integers(node.shape)]),
  },
};
