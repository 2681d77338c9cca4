// Gemm and MatMul. A stored weight takes all rows of its operand in one product, as a fully connected layer; weights in parts take theirs.
import { sizeOf } from "../../../math/tensor.js";
import type { Node } from "../../graph.js";
import { add, mul } from "../../ops/elementwise.js";
import * as layout from "../../ops/layout.js";
import { matmul } from "../../ops/matmul.js";
import { broadcastShape } from "../../ops/reduce.js";
import { expand, reshape, transpose } from "./moves.js";
import { lift, type Operation, operand, type RuleFamily, traced } from "./operation.js";
import { combined, commonBatch, inRuns, spread } from "./parts.js";
import { type Dense, liesAlong, plain, type Traced } from "./value.js";

const lastTwoSwapped = (rank: number): number[] =>
  Array.from({ length: rank }, (_, axis) => (axis === rank - 1 ? rank - 2 : axis === rank - 2 ? rank - 1 : axis));

/** A matrix, and whether it is to be read transposed: a transpose just made is undone and read so instead. */
function readable(node: Node): { node: Node; flip: boolean } {
  const [inner] = node.inputs;
  const swapped =
    node.op === "transpose" && String(node.attributes.permutation) === String(lastTwoSwapped(node.shape.length));
  return swapped ? { node: inner!, flip: true } : { node, flip: false };
}

/** x [.., in] times a weight [in, out] that does not depend on the input: all rows in one product. */
function byWeight(operation: Operation, x: Traced, weight: Traced): Traced {
  const { fail } = operation;
  const [inputs, outputs] = weight.shape as [number, number];
  const rank = x.shape.length;
  if (x.shape[rank - 1] !== inputs)
    fail(`${x.shape[rank - 1]} rows of weights for an input [${x.shape}]`, `[${weight.shape}]`);
  const { node, flip } = readable(weight.node);
  const shape = [...x.shape.slice(0, -1), outputs];
  const learnt = x.learnt || weight.learnt;
  const batch = liesAlong(x.batch, rank - 1) ? "lost" : x.batch;
  if (weight.parts === undefined) {
    const rows = sizeOf(x.shape) / inputs;
    const product = matmul(layout.reshape(x.node, [rows, inputs]), node, { b: flip });
    return { node: layout.reshape(product, shape), shape, batch, learnt };
  }
  if (typeof batch === "string") return fail("samples along one axis", "samples that are mixed");
  if (batch.outer > 1) return inRuns([x], rank, batch, ([runs]) => byWeight(operation, runs!, weight));
  // Samples in front, then cut into parts.
  const order = [batch.axis, ...x.shape.map((_, axis) => axis).filter((axis) => axis !== batch.axis)];
  const front = transpose(x, order);
  const stacked = layout.reshape(front.node, [weight.parts, sizeOf(x.shape) / inputs / weight.parts, inputs]);
  const product = layout.reshape(matmul(stacked, node, { b: flip }), [...front.shape.slice(0, -1), outputs]);
  const back = order.map((_, axis) => order.indexOf(axis));
  return { node: layout.transpose(product, back), shape, batch, learnt };
}

/** Stacks of matrices with broadcasting of what lies before the last two axes. */
function stacked(operation: Operation, a: Traced, b: Traced): Traced {
  const lead = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const rank = lead.length + 2;
  const wide = [a, b].map((x) => {
    const shape = [...lead, ...x.shape.slice(-2)];
    return shape.join() === x.shape.join() ? x : (expand(x, shape) as Traced);
  });
  const batch = commonBatch([a, b], rank);
  const learnt = a.learnt || b.learnt;
  const shape = [...lead, a.shape.at(-2)!, b.shape.at(-1)!];
  const parts = a.parts ?? b.parts;
  // Samples along the axis that is summed over, or along different ones of both factors, are mixed.
  const mixes = [a, b].some((x, i) => liesAlong(x.batch, x.shape.length - 1 - i));
  if (parts !== undefined && batch === "none") {
    const nodes = wide.map((x) => (x.parts === undefined ? (expand(x, [parts, ...x.shape]) as Traced).node : x.node));
    return { node: product(nodes), shape, batch, learnt, parts };
  }
  const nodes = wide.map((x) => {
    if (x.parts === undefined) return x.node;
    if (typeof batch !== "string" && batch.axis < lead.length && batch.outer === 1) {
      return spread(x, rank, batch.axis, lead[batch.axis]!, operation.fail).node;
    }
    const expected = "samples along a leading axis of a product with parameters in parts";
    return operation.fail(expected, `[${a.shape}] and [${b.shape}]`, "run one sample or restart at a time");
  });
  return { node: product(nodes), shape, batch: mixes ? "lost" : batch, learnt };
}

function product(nodes: readonly Node[]): Node {
  const [a, b] = nodes.map(readable) as [ReturnType<typeof readable>, ReturnType<typeof readable>];
  return matmul(a.node, b.node, { a: a.flip, b: b.flip });
}

function multiplied(operation: Operation, a: Traced, b: Traced): Traced {
  if (b.batch !== "none" || b.shape.length !== 2 || (a.batch === "none" && (a.parts ?? b.parts) !== undefined)) {
    return stacked(operation, a, b);
  }
  const result = byWeight(operation, a, b);
  const layer = denseOf(a, b);
  return layer ? { ...result, dense: layer } : result;
}

const denseOf = (input: Traced, { source }: Traced): Dense | undefined =>
  source && input.batch !== "none"
    ? { weight: source.initialiser, rowsByOutput: source.flipped, input: plain(input) }
    : undefined;

function matMul(operation: Operation): Traced {
  const { samples } = operation.tracing;
  const [a, b] = [traced(operation, 0), traced(operation, 1)];
  if (a.shape.length === 0 || b.shape.length === 0)
    operation.fail("factors of at least one axis", `[${a.shape}] and [${b.shape}]`);
  // A vector is a row on the left, a column on the right; its axis vanishes again.
  const left = a.shape.length === 1 ? reshape(a, [1, ...a.shape], samples) : a;
  const right = b.shape.length === 1 ? reshape(b, [...b.shape, 1], samples) : b;
  const result = multiplied(operation, left, right);
  if (left === a && right === b) return result;
  const shape = [
    ...result.shape.slice(0, -2),
    ...(left === a ? [result.shape.at(-2)!] : []),
    ...(right === b ? [result.shape.at(-1)!] : []),
  ];
  return reshape(result, shape, samples);
}

/** alpha·A·B + beta·C, A and B transposed on demand. */
function gemm(operation: Operation): Traced {
  const { attributes, fail } = operation;
  const [a, b] = [traced(operation, 0), traced(operation, 1)];
  if (a.shape.length !== 2 || b.shape.length !== 2) fail("two matrices", `[${a.shape}] and [${b.shape}]`);
  const [alpha, beta] = [attributes.float("alpha", 1), attributes.float("beta", 1)];
  const turned = (x: Traced, name: string) => (attributes.int(name, 0) === 0 ? x : transpose(x, [1, 0]));
  const value = multiplied(operation, turned(a, "transA"), turned(b, "transB"));
  const scaled = alpha === 1 ? value : { ...value, node: mul(alpha, value.node) };
  if (operation.inputs[2] === undefined || beta === 0) return scaled;
  const c = lift(operation, operand(operation, 2));
  const sum = combined([scaled, c], fail, ([y, offset]) => add(y!, mul(beta, offset!)));
  if (!value.dense || alpha !== 1) return sum;
  const bias = c.source && beta === 1 && c.shape.length === 1 ? { bias: c.source.initialiser } : {};
  return { ...sum, dense: { ...value.dense, ...bias } };
}

export const productRules: RuleFamily = { MatMul: matMul, Gemm: gemm };
