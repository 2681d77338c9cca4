// What a model is: named parameters and buffers, and a traced forward pass. Weights are kept apart, so that one model serves many rounds.
import type { ImageShape } from "../data/dataset.js";
import type { Graph, Node } from "../engine/index.js";
import type { Random } from "../math/random.js";
import { type FloatArray, type Shape, sizeOf, type Tensor, tensor } from "../math/tensor.js";

/** How fresh values are drawn: uniform in ± the bound, normal around 0 with that deviation, or one value. */
export type Initial = { readonly uniform: number } | { readonly normal: number } | { readonly constant: number };

/** A tensor of a model: its name as PyTorch would call it, its shape and its initialisation. */
export interface Parameter {
  readonly name: string;
  readonly shape: Shape;
  readonly initial: Initial;
}

/** `eval`: BatchNorm normalises by its buffers. `train`: by the statistics of the batch at hand. */
export type Mode = "eval" | "train";

/** The node of a parameter or buffer by name; a parameter may carry a leading parts axis (engine/ops/parts.ts). */
export type Lookup = (name: string) => Node;

/** What a BatchNorm layer saw of a batch, per channel [C]. */
export interface BatchStatistics {
  readonly mean: Node;
  /** Biased, as it normalises; PyTorch's running average takes the unbiased one, n/(n - 1) times this. */
  readonly variance: Node;
}

/** The normal distribution that a variational layer draws from, [N, K] each. */
export interface Latent {
  readonly mean: Node;
  readonly deviation: Node;
}

export interface Forward {
  /** [N, classes], before softmax. */
  readonly logits: Node;
  /** [N, F], what the last fully connected layer reads. */
  readonly features: Node;
  /** By the name of the BatchNorm layer; empty in eval mode and for models without BatchNorm. */
  readonly batchStatistics: ReadonlyMap<string, BatchStatistics>;
  /** What variational layers encode a batch as; absent in models without any. */
  readonly latents?: readonly Latent[];
}

export interface Model {
  readonly id: string;
  readonly inputShape: ImageShape;
  readonly classes: number;
  /** What is learnt, in the order in which an update lists it. */
  readonly parameters: readonly Parameter[];
  /**
   * Standard normal numbers that every pass takes, by name, with their shape per sample. They are drawn where the model is trained and are
   * part of no update: whoever traces the model without giving them takes their mean, 0.
   */
  readonly noise?: readonly Pick<Parameter, "name" | "shape">[];
  /** What belongs to the weights but is not learnt by descent and in no update: BatchNorm's running statistics. */
  readonly buffers: readonly Parameter[];
  /** Names of the last fully connected layer's parameters, for label recovery; `bias` is absent where it has none. */
  readonly head: { readonly weight: string; readonly bias?: string };
  /** Traces the model on a batch `x` [N, C, H, W]; `mode` is `eval` unless said otherwise. */
  forward(x: Node, parameter: Lookup, mode?: Mode): Forward;
}

/** Values of parameters and buffers by name, float32 as on the wire. */
export type Weights = ReadonlyMap<string, Tensor>;

/** A model's parameters and buffers as graph inputs named `parameter:<name>`, made when they are asked for; noise is 0. */
export function parameterInputs(graph: Graph, model: Model): Lookup {
  const shapes = new Map([...model.parameters, ...model.buffers].map(({ name, shape }) => [name, shape]));
  const noise = new Set(model.noise?.map(({ name }) => name));
  return (name) => {
    if (noise.has(name)) return graph.constant(0);
    const shape = shapes.get(name);
    if (!shape) throw new RangeError(`model ${model.id} has no parameter or buffer "${name}"`);
    return graph.input(`parameter:${name}`, shape);
  };
}

/** Weights as values for the inputs of `parameterInputs`. */
export function parameterValues(weights: Weights): Record<string, Tensor> {
  return Object.fromEntries([...weights].map(([name, value]) => [`parameter:${name}`, value]));
}

function fresh({ name, shape, initial }: Parameter, random: Random): Tensor {
  const data = new Float32Array(sizeOf(shape));
  const stream = random.split("parameter", name);
  if ("uniform" in initial) stream.fillUniform(data, -initial.uniform, initial.uniform);
  else if ("normal" in initial) stream.fillNormal(data, 0, initial.normal);
  else data.fill(initial.constant);
  return tensor(shape, data);
}

/** Fresh values of parameters, in order. Every tensor draws from its own stream. */
export const drawParameters = (parameters: readonly Parameter[], random: Random): FloatArray[] =>
  parameters.map((each) => fresh(each, random).data);

/** Fresh weights. Every tensor draws from its own stream, so one layer's size does not change another's values. */
export function initialise(model: Model, random: Random): Weights {
  return new Map([...model.parameters, ...model.buffers].map((each) => [each.name, fresh(each, random)]));
}
