// What a model is: named parameters and a traced forward pass. Weights are kept apart, so that one model serves many rounds.
import type { ImageShape } from "../data/dataset.js";
import type { Graph, Node } from "../engine/index.js";
import type { Random } from "../math/random.js";
import { type Shape, sizeOf, type Tensor, tensor } from "../math/tensor.js";

/** A learnable tensor: its name as PyTorch would call it, its shape, and the half-width of its uniform initialisation. */
export interface Parameter {
  readonly name: string;
  readonly shape: Shape;
  readonly initialBound: number;
}

export interface Forward {
  /** [N, classes], before softmax. */
  readonly logits: Node;
  /** [N, F], what the last fully connected layer reads. */
  readonly features: Node;
}

export interface Model {
  readonly id: string;
  readonly inputShape: ImageShape;
  readonly classes: number;
  /** In the order in which an update lists them. */
  readonly parameters: readonly Parameter[];
  /** Names of the last fully connected layer's parameters, for label recovery. */
  readonly head: { readonly weight: string; readonly bias: string };
  /** Traces the model on a batch `x` [N, C, H, W]; `parameter` gives the node of a parameter by name. */
  forward(x: Node, parameter: (name: string) => Node): Forward;
}

/** Parameter values by name, float32 as on the wire. */
export type Weights = ReadonlyMap<string, Tensor>;

/** A model's parameters as graph inputs named `parameter:<name>`. */
export function parameterInputs(graph: Graph, model: Model): Node[] {
  return model.parameters.map(({ name, shape }) => graph.input(`parameter:${name}`, shape));
}

/** Weights as values for the inputs of `parameterInputs`. */
export function parameterValues(weights: Weights): Record<string, Tensor> {
  return Object.fromEntries([...weights].map(([name, value]) => [`parameter:${name}`, value]));
}

/** Fresh weights. Every parameter draws from its own stream, so one layer's size does not change another's values. */
export function initialise(model: Model, random: Random): Weights {
  return new Map(
    model.parameters.map(({ name, shape, initialBound }) => {
      const data = new Float32Array(sizeOf(shape));
      random.split("parameter", name).fillUniform(data, -initialBound, initialBound);
      return [name, tensor(shape, data)];
    }),
  );
}
