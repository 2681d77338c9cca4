// Layers as values, combinators, and the chain that makes a model of them. A layer learns its input shape when it is placed.
import type { ImageShape } from "../data/dataset.js";
import { add, linear as affine, type Node, relu, reshape, sigmoid } from "../engine/index.js";
import { type Shape, sizeOf } from "../math/tensor.js";
import type { BatchStatistics, Lookup, Mode, Model, Parameter } from "./define.js";
import { fanIn, type Scheme } from "./initial.js";

/** What a placed layer is traced with. */
export interface Tracing {
  readonly parameter: Lookup;
  readonly mode: Mode;
  /** Called by every BatchNorm layer in train mode. */
  note(layer: string, statistics: BatchStatistics): void;
}

export interface Placed {
  /** Output shape without the batch axis. */
  readonly shape: Shape;
  readonly parameters: readonly Parameter[];
  readonly buffers?: readonly Parameter[];
  apply(x: Node, tracing: Tracing): Node;
}

export type Layer = (input: Shape) => Placed;

export interface LinearOptions {
  readonly initial?: Scheme;
  readonly bias?: boolean;
}

/** Fully connected layer, parameters `<name>.weight` [outputs, inputs] and `<name>.bias`; flattens its input. */
export function linear(name: string, outputs: number, { initial = fanIn, bias = true }: LinearOptions = {}): Layer {
  return (input) => {
    const inputs = sizeOf(input);
    const fan = { in: inputs, out: outputs };
    const weight = { name: `${name}.weight`, shape: [outputs, inputs], initial: initial.weight(fan) };
    const offset = { name: `${name}.bias`, shape: [outputs], initial: initial.bias(fan) };
    return {
      shape: [outputs],
      parameters: bias ? [weight, offset] : [weight],
      apply: (x, { parameter }) =>
        affine(flatten(x), parameter(weight.name), bias ? parameter(offset.name) : undefined),
    };
  };
}

/** A layer without parameters that keeps the shape. */
export const activation =
  (op: (x: Node) => Node): Layer =>
  (shape) => ({ shape, parameters: [], apply: op });

export const reluLayer = activation(relu);
export const sigmoidLayer = activation(sigmoid);

/** [N, …] as [N, F]. */
export const flatten = (x: Node): Node => reshape(x, [x.shape[0]!, sizeOf(x.shape.slice(1))]);

/** Layers one after the other, as one layer. Throws RangeError when an output would be empty. */
export function sequence(...layers: readonly Layer[]): Layer {
  return (input) => {
    const placed: Placed[] = [];
    let shape = input;
    for (const layer of layers) {
      const next = layer(shape);
      if (next.shape.some((extent) => !(extent >= 1))) throw new RangeError("a layer's output would be empty");
      placed.push(next);
      shape = next.shape;
    }
    return {
      shape,
      parameters: placed.flatMap(({ parameters }) => parameters),
      buffers: placed.flatMap(({ buffers = [] }) => buffers),
      apply: (x, tracing) => placed.reduce((value, layer) => layer.apply(value, tracing), x),
    };
  };
}

/** x + body(x), or shortcut(x) + body(x). Throws RangeError when the shapes differ. */
export function residual(body: Layer, shortcut: Layer = sequence()): Layer {
  return (input) => {
    const [main, side] = [body(input), shortcut(input)];
    if (main.shape.join() !== side.shape.join()) {
      throw new RangeError(`a shortcut of ${side.shape.join("x")} does not add to ${main.shape.join("x")}`);
    }
    return {
      shape: main.shape,
      parameters: [...main.parameters, ...side.parameters],
      buffers: [...(main.buffers ?? []), ...(side.buffers ?? [])],
      apply: (x, tracing) => add(main.apply(x, tracing), side.apply(x, tracing)),
    };
  };
}

/** A model that applies `layers` in order and ends in a linear layer `head` onto the classes. */
export function chain(
  id: string,
  inputShape: ImageShape,
  classes: number,
  layers: readonly Layer[],
  { name, ...options }: LinearOptions & { readonly name: string },
): Model {
  const place = () => {
    try {
      return sequence(...layers)(inputShape);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new RangeError(`model ${id} cannot take images of ${inputShape.join("x")}: ${error.message}`, {
        cause: error,
      });
    }
  };
  const body = place();
  const head = linear(name, classes, options)(body.shape);
  return {
    id,
    inputShape,
    classes,
    parameters: [...body.parameters, ...head.parameters],
    buffers: body.buffers ?? [],
    head: { weight: `${name}.weight`, ...(options.bias === false ? {} : { bias: `${name}.bias` }) },
    forward(x, parameter, mode = "eval") {
      const batchStatistics = new Map<string, BatchStatistics>();
      const tracing: Tracing = { parameter, mode, note: (layer, seen) => batchStatistics.set(layer, seen) };
      const features = flatten(body.apply(x, tracing));
      return { features, logits: head.apply(features, tracing), batchStatistics };
    },
  };
}
