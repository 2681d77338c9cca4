// Reverse-mode differentiation from graph to graph. The result is made of the same ops and can be differentiated again.
import { sizeOf } from "../math/tensor.js";
import { type Node, scalarValue, topological } from "./graph.js";
import { add, mul, sub } from "./ops/elementwise.js";
import { rules } from "./ops/index.js";
import { broadcastTo } from "./ops/reduce.js";

/** An op on the path to the loss cannot be differentiated; names the op. */
export class MissingGradientError extends Error {
  override name = "MissingGradientError";
}

/** An adjoint as a number times a node. Gradient rules are linear in the adjoint, so the number can wait. */
interface Scaled {
  readonly factor: number;
  readonly node: Node;
}

function scaled(node: Node, factor: number): Scaled {
  const own = node.op === "mul" ? scalarValue(node.inputs[0]!) : undefined;
  return own === undefined ? { factor, node } : { factor: factor * own, node: node.inputs[1]! };
}

const value = ({ factor, node }: Scaled): Node => mul(factor, node);

function plus(a: Scaled, b: Scaled): Scaled {
  if (a.node === b.node) return { factor: a.factor + b.factor, node: a.node };
  if (a.factor === b.factor) return { factor: a.factor, node: add(a.node, b.node) };
  if (a.factor === -b.factor) return { factor: a.factor, node: sub(a.node, b.node) };
  return { factor: 1, node: add(value(a), value(b)) };
}

/**
 * Derivatives of a scalar `loss` with respect to each node of `wrt`, in order; zeros of the right shape where the loss does not
 * depend on it. Throws RangeError when the loss is no scalar and MissingGradientError when an op on the way has no gradient rule.
 *
 * Constant factors (the 2 of a squared norm) are carried along and multiplied in at the end where `wrt` is smaller than what lies
 * between, at once where it is not (spec/engine.md section 3).
 */
export function grad(loss: Node, wrt: readonly Node[]): Node[] {
  if (sizeOf(loss.shape) !== 1) throw new RangeError(`grad needs a scalar loss, got shape [${loss.shape}]`);
  const order = topological([loss]);
  // Only nodes that lie between `wrt` and the loss need an adjoint.
  const needed = new Set<Node>(wrt);
  for (const node of order) if (node.inputs.some((input) => needed.has(input))) needed.add(node);
  const total = wrt.reduce((sum, node) => sum + sizeOf(node.shape), 0);
  const carries = [...needed].some((node) => sizeOf(node.shape) > total);

  const adjoints = new Map<Node, Scaled>();
  adjoints.set(loss, { factor: 1, node: broadcastTo(loss.graph.constant(1), loss.shape) });
  for (const node of order.reverse()) {
    const adjoint = adjoints.get(node);
    if (!adjoint || !node.inputs.some((input) => needed.has(input))) continue;
    const rule = rules[node.op];
    if (!rule?.gradient) throw new MissingGradientError(`op "${node.op}" has no gradient rule (shape [${node.shape}])`);
    const [held, factor] = carries ? [adjoint.node, adjoint.factor] : [value(adjoint), 1];
    rule.gradient(node, held).forEach((part, position) => {
      const input = node.inputs[position]!;
      if (!part || !needed.has(input)) return;
      const share = carries ? scaled(part, factor) : { factor, node: part };
      const sum = adjoints.get(input);
      adjoints.set(input, sum ? plus(sum, share) : share);
    });
  }
  return wrt.map((node) => {
    const adjoint = adjoints.get(node);
    return adjoint ? value(adjoint) : broadcastTo(node.graph.constant(0), node.shape);
  });
}
