// Floating point operations of a step, counted in the graph that is compiled, so that they follow the models.
import { topological } from "../dist/engine/graph.js";
import { sizeOf } from "../dist/math/tensor.js";
import { traceStep } from "./step.js";

/** Two operations for each number of y and each weight that it is connected to; w [.., Ci/groups, kh, kw]. */
const convolution = (y, w) => 2 * sizeOf(y.shape) * sizeOf(w.shape.slice(-3));

const costs = {
  conv: (node) => convolution(node, node.inputs[1]),
  convInputGrad: ({ inputs: [dy, w] }) => convolution(dy, w),
  convWeightGrad: (node) => convolution(node.inputs[1], node),
  matmul: (node) => 2 * sizeOf(node.shape) * node.inputs[0].shape.at(node.attributes.a === 1 ? -2 : -1),
};

/** Operations of all convolutions, their adjoints and matrix products that `outputs` depend on; the rest counts 0. */
export const countFlops = (outputs) =>
  topological(outputs).reduce((total, node) => total + (costs[node.op]?.(node) ?? 0), 0);

/**
 * Operations of one step of a case, per candidate. A layer's forward pass comes to 7 times its cost: 1 forward, 2
 * backward, 4 in the second backward pass; the first layer's to 5, as training needs no gradient of its input. That is
 * the plain form: a step that leaves out work by a better one (ghost norms) keeps its count, as PyTorch's does.
 */
export const stepFlops = (benchCase) => countFlops(Object.values(traceStep(benchCase)));
