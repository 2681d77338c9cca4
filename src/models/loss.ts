// The training loss of a model and its gradients as graph nodes: what a client computes, and what an attack imitates.
import { crossEntropy, grad, type Node } from "../engine/index.js";
import { type Model, parameterInputs } from "./define.js";

export interface TracedLoss {
  /** Mean cross-entropy over the batch, a scalar. */
  readonly loss: Node;
  readonly logits: Node;
  readonly features: Node;
  /** Gradient of the loss with respect to every parameter, in the model's order. */
  readonly gradients: readonly Node[];
}

/** Traces `model` on inputs `x` [N, C, H, W] and label probabilities `targets` [N, classes]. Parameters are inputs `parameter:<name>`. */
export function traceLoss(model: Model, x: Node, targets: Node): TracedLoss {
  const nodes = parameterInputs(x.graph, model);
  const byName = new Map(model.parameters.map(({ name }, position) => [name, nodes[position]!]));
  const { logits, features } = model.forward(x, (name) => {
    const node = byName.get(name);
    if (!node) throw new RangeError(`model ${model.id} has no parameter "${name}"`);
    return node;
  });
  const loss = crossEntropy(logits, targets);
  return { loss, logits, features, gradients: grad(loss, nodes) };
}

/** One-hot rows [N, classes] of hard labels. */
export function oneHot(labels: readonly number[], classes: number): Float64Array {
  const rows = new Float64Array(labels.length * classes);
  labels.forEach((label, row) => {
    rows[row * classes + label] = 1;
  });
  return rows;
}
