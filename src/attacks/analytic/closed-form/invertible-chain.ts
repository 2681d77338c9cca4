// The nets that R-GAP can go back through: convolutions without bias and leaky ReLU in turns, then a linear layer without bias. Read off the traced
// model, so that any such net will do.
import { createGraph, type Node } from "../../../engine/index.js";
import { type Model, parameterInputs } from "../../../models/define.js";

export interface ConvolutionStep {
  readonly name: string;
  /** [C, H, W] of what goes in and comes out. */
  readonly from: readonly number[];
  readonly to: readonly number[];
  /** Height and width. */
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  /** Rows above and columns to the left. */
  readonly pads: readonly number[];
  /** Of the leaky ReLU behind it. */
  readonly slope: number;
}

/** The convolutions, last first. Throws RangeError for a net with anything else, and says what it met. */
export function invertibleChain(model: Model): ConvolutionStep[] {
  const graph = createGraph();
  const { features } = model.forward(graph.input("x", [1, ...model.inputShape]), parameterInputs(graph, model));
  const steps: ConvolutionStep[] = [];
  let node: Node = features;
  while (node.op === "reshape") node = node.inputs[0]!;
  while (node.op !== "input") {
    const before = node.op === "leakyRelu" ? node.inputs[0]! : node;
    const { dilations, groups, strides, pads } = before.attributes as Record<string, readonly number[] | number>;
    const plain = before.op === "conv" && groups === 1 && String(dilations) === "1,1";
    if (node.op !== "leakyRelu" || !plain || model.head.bias) {
      throw new RangeError(
        `r-gap goes back through convolutions without bias and leaky ReLU to a linear head without bias, ${model.id} has ` +
          `${model.head.bias ? "a bias in its head" : node.op === "leakyRelu" ? before.op : node.op}: choose a model such as cnn6`,
      );
    }
    const [x, weight] = before.inputs as [Node, Node];
    steps.push({
      name: String(weight.attributes.name).replace("parameter:", ""),
      from: x.shape.slice(1),
      to: before.shape.slice(1),
      kernel: weight.shape.slice(2),
      strides: strides as readonly number[],
      pads: pads as readonly number[],
      slope: node.attributes.slope as number,
    });
    node = x;
  }
  return steps;
}
