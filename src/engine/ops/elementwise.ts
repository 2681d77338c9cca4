// Element-wise arithmetic and activations with broadcasting. Masks of kinks (ReLU, abs) are constants of the next order.
import { GraphError, type Node, scalarValue } from "../graph.js";
import type { Emitter, OpFamily, OpRule } from "../rule.js";
import { broadcastShape, sumTo } from "./reduce.js";

type Operand = Node | number;

function pair(a: Operand, b: Operand): [Node, Node] {
  if (typeof a === "number") {
    if (typeof b === "number") throw new GraphError("an element-wise op needs at least one node");
    return [b.graph.constant(a), b];
  }
  return [a, typeof b === "number" ? a.graph.constant(b) : b];
}

// The runtime broadcasts by itself, so an explicit broadcast before a binary op is dropped where the result keeps its shape.
function binary(op: string, a: Node, b: Node): Node {
  const shape = broadcastShape(a.shape, b.shape);
  const bare = (x: Node) => (x.op === "broadcast" ? x.inputs[0]! : x);
  const fits = (x: Node, y: Node) => broadcastShape(x.shape, y.shape).join() === shape.join();
  const left = fits(bare(a), b) ? bare(a) : a;
  const right = fits(left, bare(b)) ? bare(b) : b;
  return a.graph.node(op, [left, right], {}, shape);
}

const unary = (op: string) => (x: Node) => x.graph.node(op, [x], {}, x.shape);

export function add(a: Operand, b: Operand): Node {
  const [x, y] = pair(a, b);
  if (scalarValue(y) === 0) return x;
  if (scalarValue(x) === 0) return y;
  return binary("add", x, y);
}

export function sub(a: Operand, b: Operand): Node {
  const [x, y] = pair(a, b);
  if (scalarValue(y) === 0) return x;
  return binary("sub", x, y);
}

/** The scalar constant that `x` repeats, where the repeats are not needed to give a result of the other operand's shape. */
function withoutRepeats(x: Node, other: Node): Node {
  const [source] = x.inputs;
  if (x.op !== "broadcast" || scalarValue(source!) === undefined) return x;
  return broadcastShape(x.shape, other.shape).join() === other.shape.join() ? source! : x;
}

/** Product; a scalar factor is moved in front and merged with a scalar factor already there. */
export function mul(a: Operand, b: Operand): Node {
  const [left, right] = pair(a, b);
  const x = withoutRepeats(left, right);
  const y = withoutRepeats(right, x);
  const factor = scalarValue(x);
  if (factor === undefined) return scalarValue(y) === undefined ? binary("mul", x, y) : mul(y, x);
  if (factor === 1) return y;
  const inner = y.op === "mul" ? scalarValue(y.inputs[0]!) : scalarValue(y);
  if (inner === undefined) return binary("mul", x, y);
  return y.op === "mul" ? mul(factor * inner, y.inputs[1]!) : x.graph.constant(factor * inner);
}

export function div(a: Operand, b: Operand): Node {
  const [x, y] = pair(a, b);
  const divisor = scalarValue(y);
  return divisor === undefined ? binary("div", x, y) : mul(1 / divisor, x);
}

export const exp = unary("exp");
export const log = unary("log");
export const sqrt = unary("sqrt");
export const abs = unary("abs");
export const tanh = unary("tanh");
export const sigmoid = unary("sigmoid");
export const relu = unary("relu");
/** -1, 0 or 1; constant under differentiation. */
export const sign = unary("sign");
/** 1 where x > 0, else 0; constant under differentiation. */
export const isPositive = unary("isPositive");
export const square = (x: Node) => mul(x, x);
/** The same value, treated as a constant by `grad`. */
export const stopGradient = unary("stopGradient");

const emitAs = (opType: string) => (node: Node, emitter: Emitter) =>
  emitter.node(
    opType,
    node.inputs.map((input) => emitter.nameOf(input)),
  );

function smooth(opType: string, derivative: (node: Node) => Node): OpRule {
  return { gradient: (node, adjoint) => [mul(adjoint, derivative(node))], emit: emitAs(opType) };
}

/** Adjoints of both operands, summed back over the axes that were broadcast. */
const both = (node: Node, left: Node, right: Node): [Node, Node] => [
  sumTo(left, node.inputs[0]!.shape),
  sumTo(right, node.inputs[1]!.shape),
];

export const elementwiseOps: OpFamily = {
  add: { gradient: (node, adjoint) => both(node, adjoint, adjoint), emit: emitAs("Add") },
  sub: { gradient: (node, adjoint) => both(node, adjoint, mul(-1, adjoint)), emit: emitAs("Sub") },
  mul: {
    gradient: (node, adjoint) => both(node, mul(adjoint, node.inputs[1]!), mul(adjoint, node.inputs[0]!)),
    emit: (node, emitter) =>
      scalarValue(node.inputs[0]!) === -1
        ? emitter.node("Neg", [emitter.nameOf(node.inputs[1]!)])
        : emitAs("Mul")(node, emitter),
  },
  div: {
    gradient: (node, adjoint) => {
      const share = div(adjoint, node.inputs[1]!);
      return both(node, share, mul(-1, mul(share, node)));
    },
    emit: emitAs("Div"),
  },
  exp: smooth("Exp", (node) => node),
  log: smooth("Log", (node) => div(1, node.inputs[0]!)),
  sqrt: smooth("Sqrt", (node) => div(0.5, node)),
  tanh: smooth("Tanh", (node) => sub(1, square(node))),
  sigmoid: smooth("Sigmoid", (node) => mul(node, sub(1, node))),
  abs: smooth("Abs", (node) => sign(node.inputs[0]!)),
  relu: smooth("Relu", (node) => isPositive(node.inputs[0]!)),
  sign: {
    gradient: () => [null],
    emit: (node, emitter) => {
      if (!emitter.lacks("Sign")) return emitAs("Sign")(node, emitter);
      const compared = ["Greater", "Less"].map((operator) =>
        emitter.castToFloat(emitter.node(operator, [emitter.nameOf(node.inputs[0]!), emitter.floats(0)])),
      );
      return emitter.node("Sub", compared);
    },
  },
  isPositive: {
    gradient: () => [null],
    emit: (node, emitter) =>
      emitter.castToFloat(emitter.node("Greater", [emitter.nameOf(node.inputs[0]!), emitter.floats(0)])),
  },
  stopGradient: { gradient: () => [null], emit: (node, emitter) => emitter.nameOf(node.inputs[0]!) },
};
