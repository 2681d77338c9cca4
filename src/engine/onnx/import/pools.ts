// Pooling over images [N, C, H, W], and over signals [N, C, L] as images of one row.

import type { Node } from "../../graph.js";
import { averagePool, globalAveragePool } from "../../ops/average-pool.js";
import { maxPool } from "../../ops/max-pool.js";
import { reshape } from "./moves.js";
import { activation, type Operation, type Rule, type RuleFamily } from "./operation.js";
import type { Traced } from "./value.js";
import { type WindowOf, windowOf } from "./window.js";

function pooled(operation: Operation, build: (x: Node, extents: readonly number[]) => Node): Traced {
  const x = activation(operation, 0, [3, 4]);
  const { samples } = operation.tracing;
  const isSignal = x.shape.length === 3;
  const image = isSignal ? reshape(x, [x.shape[0]!, x.shape[1]!, 1, x.shape[2]!], samples) : x;
  const node = build(image.node, x.shape.slice(2));
  const y: Traced = { node, shape: node.shape, batch: image.batch, learnt: x.learnt };
  return isSignal ? reshape(y, [...node.shape.slice(0, 2), node.shape[3]!], samples) : y;
}

const windowed =
  (build: (x: Node, window: WindowOf & { ceil: boolean }, operation: Operation) => Node): Rule =>
  (operation) =>
    pooled(operation, (x, extents) => {
      const window = windowOf(operation, extents);
      return build(x, { ...window, ceil: operation.attributes.int("ceil_mode", 0) === 1 }, operation);
    });

const whole = ({ shape }: Node) => ({ kernel: [shape[2]!, shape[3]!] as const });

export const poolRules: RuleFamily = {
  MaxPool: windowed((x, window) => maxPool(x, window)),
  AveragePool: windowed((x, window, { attributes }) =>
    averagePool(x, { ...window, countPadding: attributes.int("count_include_pad", 0) === 1 }),
  ),
  GlobalAveragePool: (operation) => pooled(operation, globalAveragePool),
  GlobalMaxPool: (operation) => pooled(operation, (x) => maxPool(x, whole(x))),
};
