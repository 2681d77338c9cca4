// A client's local training as a graph: SGD with momentum and weight decay as torch.optim.SGD has it, step after step, so that its update can
// be differentiated to the images and labels of every mini-batch (spec/attacks-optimization.md 1.10).
import { add, mul, type Node, slice, sub } from "../engine/index.js";
import type { Model } from "./define.js";
import { parameterInputs } from "./define.js";
import { type TraceOptions, traceLoss } from "./loss.js";

/** What one local step trains on: `x` [N, C, H, W] and label probabilities `targets` [N, classes]. */
export interface MiniBatch {
  readonly x: Node;
  readonly targets: Node;
}

export interface LocalTraining extends TraceOptions {
  /** Step size: a number, or a scalar node where it is fed or searched for. */
  readonly learningRate: number | Node;
  /** Passes over the mini-batches, in the same order each time. Default 1. */
  readonly epochs?: number;
  /** Default 0. */
  readonly momentum?: number;
  /** L2 penalty, added to the gradient before momentum. Default 0. */
  readonly weightDecay?: number;
}

export interface TracedTraining {
  /** Parameters after the last step, in the model's order. */
  readonly parameters: readonly Node[];
  /** start - end, the sign of an upload; summed over steps, so that it has the digits that a difference of weights would lose. */
  readonly update: readonly Node[];
  /** Mean cross-entropy that each step saw, before it. */
  readonly losses: readonly Node[];
}

/**
 * Unrolls `epochs` passes over `batches`. `parameter` gives the start (default: inputs `parameter:<name>`) and all buffers, which stay as
 * they are. The graph grows by the same number of nodes per step. Throws RangeError without a mini-batch or with no whole epoch.
 */
export function traceLocalTraining(
  model: Model,
  batches: readonly MiniBatch[],
  { learningRate, epochs = 1, momentum = 0, weightDecay = 0, parameter, mode }: LocalTraining,
): TracedTraining {
  const [first] = batches;
  if (!first || !(Number.isInteger(epochs) && epochs >= 1)) {
    throw new RangeError(
      `local training needs a mini-batch and a whole number of epochs >= 1, got ${batches.length} and ${epochs}`,
    );
  }
  const start = parameter ?? parameterInputs(first.x.graph, model);
  const names = model.parameters.map(({ name }) => name);
  const losses: Node[] = [];
  let weights = new Map(names.map((name) => [name, start(name)]));
  let velocity: readonly Node[] | undefined;
  let moved: readonly Node[] | undefined;

  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const { x, targets } of batches) {
      const current = weights;
      const lookup = (name: string) => current.get(name) ?? start(name);
      const { loss, gradients } = traceLoss(model, x, targets, { parameter: lookup, ...(mode ? { mode } : {}) });
      losses.push(loss);
      const before = velocity;
      velocity = gradients.map((gradient, i) => {
        const decayed = weightDecay === 0 ? gradient : add(gradient, mul(weightDecay, lookup(names[i]!)));
        return before && momentum !== 0 ? add(mul(momentum, before[i]!), decayed) : decayed;
      });
      const steps = velocity.map((direction) => mul(learningRate, direction));
      const sofar = moved;
      moved = sofar ? steps.map((step, i) => add(sofar[i]!, step)) : steps;
      weights = new Map(names.map((name, i) => [name, sub(lookup(name), steps[i]!)]));
    }
  }
  return { parameters: [...weights.values()], update: moved ?? [], losses };
}

/** Cuts a client's samples into mini-batches of `size` in order; the last one may be smaller, as PyTorch's loader leaves it. */
export function miniBatches(x: Node, targets: Node, size: number): MiniBatch[] {
  const samples = x.shape[0]!;
  if (!(Number.isInteger(size) && size >= 1)) throw new RangeError(`a mini-batch holds 1 sample or more, got ${size}`);
  return Array.from({ length: Math.ceil(samples / size) }, (_, position) => {
    const from = position * size;
    const count = Math.min(size, samples - from);
    const rows = (node: Node) =>
      slice(
        node,
        node.shape.map((_, axis) => (axis === 0 ? from : 0)),
        [count, ...node.shape.slice(1)],
      );
    return { x: rows(x), targets: rows(targets) };
  });
}
