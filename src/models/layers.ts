// Layers as values and the chain that makes a model of them. A layer learns its input shape when it is placed in a chain.
import type { ImageShape } from "../data/dataset.js";
import {
  add,
  conv,
  matmul,
  type Node,
  relu,
  reshape,
  sigmoid,
  squareWindow,
  type WindowOptions,
} from "../engine/index.js";
import { type Shape, sizeOf } from "../math/tensor.js";
import type { Model, Parameter } from "./define.js";

interface Placed {
  /** Output shape without the batch axis. */
  readonly shape: Shape;
  readonly parameters: readonly Parameter[];
  apply(x: Node, parameter: (name: string) => Node): Node;
}

export type Layer = (input: Shape) => Placed;

/** Half-width of the initial uniform distribution given the fan-in. */
export type InitialBound = (fanIn: number) => number;

/** PyTorch's default for convolutions and linear layers, weights and biases alike: 1/√fan-in. */
export const fanInBound: InitialBound = (fanIn) => 1 / Math.sqrt(fanIn);

interface ConvolutionOptions extends WindowOptions {
  readonly filters: number;
  readonly kernel: number;
  readonly bound?: InitialBound;
}

/** Square convolution with bias, parameters `<name>.weight` [filters, channels, k, k] and `<name>.bias`. */
export function convolution(
  name: string,
  { filters, kernel, bound = fanInBound, ...options }: ConvolutionOptions,
): Layer {
  return ([channels, height, width]) => {
    const window = squareWindow(options);
    const extent = (input: number) =>
      Math.floor((input + 2 * (options.padding ?? 0) - kernel) / (options.stride ?? 1)) + 1;
    const initialBound = bound(channels! * kernel * kernel);
    return {
      shape: [filters, extent(height!), extent(width!)],
      parameters: [
        { name: `${name}.weight`, shape: [filters, channels!, kernel, kernel], initialBound },
        { name: `${name}.bias`, shape: [filters], initialBound },
      ],
      apply: (x, parameter) =>
        add(conv(x, parameter(`${name}.weight`), window), reshape(parameter(`${name}.bias`), [1, filters, 1, 1])),
    };
  };
}

/** Fully connected layer with bias, parameters `<name>.weight` [outputs, inputs] and `<name>.bias`; flattens its input. */
export function linear(name: string, outputs: number, bound: InitialBound = fanInBound): Layer {
  return (input) => {
    const inputs = sizeOf(input);
    return {
      shape: [outputs],
      parameters: [
        { name: `${name}.weight`, shape: [outputs, inputs], initialBound: bound(inputs) },
        { name: `${name}.bias`, shape: [outputs], initialBound: bound(inputs) },
      ],
      apply: (x, parameter) =>
        add(matmul(flatten(x), parameter(`${name}.weight`), { b: true }), parameter(`${name}.bias`)),
    };
  };
}

const activation =
  (op: (x: Node) => Node): Layer =>
  (shape) => ({ shape, parameters: [], apply: op });

export const reluLayer = activation(relu);
export const sigmoidLayer = activation(sigmoid);

/** [N, …] as [N, F]. */
export const flatten = (x: Node): Node => reshape(x, [x.shape[0]!, sizeOf(x.shape.slice(1))]);

/** A model that applies `layers` in order and ends in a linear layer `head` onto the classes. */
export function chain(
  id: string,
  inputShape: ImageShape,
  classes: number,
  layers: readonly Layer[],
  head: { readonly name: string; readonly bound?: InitialBound },
): Model {
  const placed: Placed[] = [];
  let shape: Shape = inputShape;
  for (const layer of [...layers, linear(head.name, classes, head.bound)]) {
    const next = layer(shape);
    if (next.shape.some((extent) => extent < 1)) {
      throw new RangeError(
        `model ${id} cannot take images of ${inputShape.join("x")}: a layer's output would be empty`,
      );
    }
    placed.push(next);
    shape = next.shape;
  }
  const last = placed.pop()!;
  return {
    id,
    inputShape,
    classes,
    parameters: [...placed, last].flatMap((layer) => layer.parameters),
    head: { weight: `${head.name}.weight`, bias: `${head.name}.bias` },
    forward(x, parameter) {
      const features = flatten(placed.reduce((value, layer) => layer.apply(value, parameter), x));
      return { features, logits: last.apply(features, parameter) };
    },
  };
}
