// Whether what the last layer reads can be negative, read off the traced graph: many label rules hold for features h ≥ 0 only.
import { createGraph, type Node } from "../../engine/index.js";
import { type Model, parameterInputs } from "../../models/define.js";

/** Never negative, whatever they are given. */
const always = new Set(["relu", "sigmoid", "exp", "abs", "sqrt", "softplus", "isPositive", "oneHot"]);

/** Not negative where none of their inputs is. */
const passing = new Set([
  "add",
  "mul",
  "div",
  "conv",
  "matmul",
  "maxPool",
  "sum",
  "broadcast",
  "reshape",
  "transpose",
  "concat",
  "slice",
  "embed",
  "gather",
  "gatherRows",
  "stopGradient",
]);

function isNonNegative(node: Node): boolean {
  if (always.has(node.op)) return true;
  if (node.op === "clamp") return (node.attributes.low as number) >= 0 || isNonNegative(node.inputs[0]!);
  if (node.value) return node.value.data.every((value) => value >= 0);
  if (node.op === "mul" && node.inputs[0] === node.inputs[1]) return true;
  return passing.has(node.op) && node.inputs.length > 0 && node.inputs.every(isNonNegative);
}

/** True when the features of `model` are at least 0 for every batch and all weights; `images` is a batch size that the model takes. */
export function hasNonNegativeFeatures(model: Model, images: number): boolean {
  const graph = createGraph();
  const x = graph.input("x", [images, ...model.inputShape]);
  return isNonNegative(model.forward(x, parameterInputs(graph, model)).features);
}
