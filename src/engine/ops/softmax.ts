// Log-softmax over the last axis, softmax, and the losses made of them.
import { GraphError, type Node } from "../graph.js";
import type { OpFamily } from "../rule.js";
import { exp, mul, sub } from "./elementwise.js";
import { sum } from "./reduce.js";

/** Logarithm of the softmax over the last axis. */
export const logSoftmax = (x: Node): Node => x.graph.node("logSoftmax", [x], {}, x.shape);

/** Softmax over the last axis. */
export const softmax = (x: Node): Node => exp(logSoftmax(x));

/**
 * Mean cross-entropy over a batch. `logits` [N, C]; `targets` [N, C] are probabilities (one-hot for hard labels) and may be
 * differentiated too, as joint label recovery needs. Throws GraphError when the shapes differ.
 */
export function crossEntropy(logits: Node, targets: Node): Node {
  if (logits.shape.length !== 2 || logits.shape.join() !== targets.shape.join()) {
    throw new GraphError(
      `crossEntropy: expected logits and targets [N, C], got [${logits.shape}] and [${targets.shape}]`,
    );
  }
  return mul(-1 / logits.shape[0]!, sum(mul(targets, logSoftmax(logits))));
}

export const softmaxOps: OpFamily = {
  logSoftmax: {
    gradient: (node, adjoint) => {
      const last = [node.shape.length - 1];
      return [sub(adjoint, mul(exp(node), sum(adjoint, last, true)))];
    },
    emit(node, emitter) {
      const x = emitter.nameOf(node.inputs[0]!);
      if (!emitter.lacks("LogSoftmax")) return emitter.node("LogSoftmax", [x], { axis: -1 });
      const last = emitter.integers([-1]);
      const shifted = emitter.node("Sub", [x, emitter.node("ReduceMax", [x, last], { keepdims: 1 })]);
      const total = emitter.node("ReduceSum", [emitter.node("Exp", [shifted]), last], { keepdims: 1 });
      return emitter.node("Sub", [shifted, emitter.node("Log", [total])]);
    },
  },
};
