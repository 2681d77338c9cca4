// The training loss of every part of a batch and its own gradients, in one graph over shared weights (engine/ops/parts.ts): of every sample
// with as many parts as samples, of every restart of a search with one part per restart.
import {
  GraphError,
  grad,
  inParts,
  logSoftmax,
  mul,
  type Node,
  reshape,
  samplesPerPart,
  sum,
} from "../engine/index.js";
import type { Model } from "./define.js";
import { type Forward, parameterInputs } from "./define.js";
import type { TraceOptions } from "./loss.js";

export interface TracedParts extends Forward {
  /** [P]: mean cross-entropy over the samples of each part. */
  readonly losses: Node;
  /** In the model's order, with a leading axis P: slice p is the gradient of `losses[p]`. */
  readonly gradients: readonly Node[];
}

/**
 * Traces `model` on `x` [N, C, H, W] and label probabilities `targets` [N, classes], where each run of N / `parts` samples is a part.
 * `parameter` may give a parameter to all parts or, with a leading axis P, each its own. Throws GraphError when N does not divide, or when
 * BatchNorm in train mode would mix the parts.
 */
export function traceLossInParts(
  model: Model,
  x: Node,
  targets: Node,
  parts: number,
  { mode = "eval", parameter = parameterInputs(x.graph, model) }: TraceOptions = {},
): TracedParts {
  const samples = samplesPerPart("traceLossInParts", x.shape[0]!, parts);
  const split = new Map(
    model.parameters.map(({ name, shape }) => {
      const given = parameter(name);
      return [name, given.shape.length === shape.length ? inParts(given, parts) : given];
    }),
  );
  const forward = model.forward(x, (name) => split.get(name) ?? parameter(name), mode);
  if (forward.batchStatistics.size > 0 && parts > 1) {
    throw new GraphError(
      `model ${model.id} in train mode mixes all ${parts} parts in its batch statistics; use eval mode`,
    );
  }
  const likelihoods = mul(targets, logSoftmax(forward.logits));
  const losses = mul(-1 / samples, sum(reshape(likelihoods, [parts, samples * model.classes]), [1]));
  return { ...forward, losses, gradients: grad(sum(losses), [...split.values()]) };
}
