// The training loss of a model and its gradients as graph nodes: what a client computes, and what an attack imitates.
import { crossEntropy, grad, type Node } from "../engine/index.js";
import { type Forward, type Lookup, type Mode, type Model, parameterInputs } from "./define.js";

export interface TracedLoss extends Forward {
  /** Mean cross-entropy over the batch, a scalar. */
  readonly loss: Node;
  /** Gradient of the loss with respect to every parameter, in the model's order. */
  readonly gradients: readonly Node[];
}

export interface TraceOptions {
  readonly mode?: Mode;
  /** Nodes to use for parameters and buffers: computed ones, or one slice per part. Default: inputs `parameter:<name>`. */
  readonly parameter?: Lookup;
}

/** Traces `model` on inputs `x` [N, C, H, W] and label probabilities `targets` [N, classes]. */
export function traceLoss(
  model: Model,
  x: Node,
  targets: Node,
  { mode = "eval", parameter = parameterInputs(x.graph, model) }: TraceOptions = {},
): TracedLoss {
  const forward = model.forward(x, parameter, mode);
  const loss = crossEntropy(forward.logits, targets);
  const wrt = model.parameters.map(({ name }) => parameter(name));
  return { ...forward, loss, gradients: grad(loss, wrt) };
}

/** One-hot rows [N, classes] of hard labels. */
export function oneHot(labels: readonly number[], classes: number): Float64Array {
  const rows = new Float64Array(labels.length * classes);
  labels.forEach((label, row) => {
    rows[row * classes + label] = 1;
  });
  return rows;
}
