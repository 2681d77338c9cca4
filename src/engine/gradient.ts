// Reverse-mode differentiation from graph to graph. The result is made of the same ops and can be differentiated again.
import { sizeOf } from "../math/tensor.js";
import { type Node, topological } from "./graph.js";
import { add } from "./ops/elementwise.js";
import { rules } from "./ops/index.js";
import { broadcastTo } from "./ops/reduce.js";

/** An op on the path to the loss cannot be differentiated; names the op. */
export class MissingGradientError extends Error {
  override name = "MissingGradientError";
}

/**
 * Derivatives of a scalar `loss` with respect to each node of `wrt`, in order; zeros of the right shape where the loss does not
 * depend on it. Throws RangeError when the loss is no scalar and MissingGradientError when an op on the way has no gradient rule.
 */
export function grad(loss: Node, wrt: readonly Node[]): Node[] {
  if (sizeOf(loss.shape) !== 1) throw new RangeError(`grad needs a scalar loss, got shape [${loss.shape}]`);
  const order = topological([loss]);
  // Only nodes that lie between `wrt` and the loss need an adjoint.
  const needed = new Set<Node>(wrt);
  for (const node of order) if (node.inputs.some((input) => needed.has(input))) needed.add(node);

  const adjoints = new Map<Node, Node>();
  adjoints.set(loss, broadcastTo(loss.graph.constant(1), loss.shape));
  for (const node of order.reverse()) {
    const adjoint = adjoints.get(node);
    if (!adjoint || !node.inputs.some((input) => needed.has(input))) continue;
    const rule = rules[node.op];
    if (!rule?.gradient) throw new MissingGradientError(`op "${node.op}" has no gradient rule (shape [${node.shape}])`);
    rule.gradient(node, adjoint).forEach((part, position) => {
      const input = node.inputs[position]!;
      if (!part || !needed.has(input)) return;
      const sum = adjoints.get(input);
      adjoints.set(input, sum ? add(sum, part) : part);
    });
  }
  return wrt.map((node) => adjoints.get(node) ?? broadcastTo(node.graph.constant(0), node.shape));
}
