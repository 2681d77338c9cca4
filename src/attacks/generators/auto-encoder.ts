// A small auto-encoder of pictures, as GI-PIP's code has it: three convolutions 4x4 of stride 2 to 12, 24 and 48 channels with ReLU, and the same
// way back, sigmoid at the end. What it cannot give back is no picture of the kind that it was trained on.
import type { ImageShape } from "../../data/dataset.js";
import { compile, createGraph, mul, type Node, resize, sigmoid, square, sub, sum } from "../../engine/index.js";
import { type Shape, sizeOf, type Tensor, tensor } from "../../math/tensor.js";
import type { Lookup, Parameter, Weights } from "../../models/define.js";
import { heNormal } from "../../models/initial.js";
import { reluLayer, sequence } from "../../models/layers.js";
import { convolution } from "../../models/layers-image.js";
import type { AttackContext } from "../define.js";
import { heldWeights, type TrainingContext, trainNetwork } from "./train-network.js";
import { withMirrored } from "./unit-pictures.js";
import { upsampling } from "./upsampling.js";

export interface AutoEncoder {
  readonly weights: Weights;
  /** Mean squared error per pixel of pictures [N, C, H, W] in [0, 1], a scalar. */
  error(pictures: Node): Node;
  /** Mean error on pictures that it was not trained on. */
  readonly heldOut: number;
}

export interface AutoEncoderOptions {
  readonly trainingSteps: number;
  readonly trainingBatch: number;
}

const CHANNELS = [12, 24, 48] as const;
const LEARNING_RATE = 3e-3;
/** Of the pictures, one in so many is kept from training, to measure the error on. */
const HELD_OUT = 8;

function network([channels, height, width]: ImageShape) {
  const down = (name: string, filters: number) =>
    convolution(name, { filters, kernel: 4, stride: 2, padding: 1, initial: heNormal("in") });
  const [first, second, third] = CHANNELS;
  const placed = sequence(
    down("down.0", first),
    reluLayer,
    down("down.1", second),
    reluLayer,
    down("down.2", third),
    reluLayer,
    upsampling("up.0", second),
    reluLayer,
    upsampling("up.1", first),
    reluLayer,
    upsampling("up.2", channels),
  )([channels, height, width]);
  const [, rows, columns] = placed.shape;
  const trace = (pictures: Node, parameter: Lookup): Node => {
    const painted = placed.apply(pictures, { parameter, mode: "eval", note: () => {} });
    return sigmoid(rows === height && columns === width ? painted : resize(painted, [height, width], "bilinear"));
  };
  return { parameters: placed.parameters as readonly Parameter[], trace };
}

const meanSquare = (a: Node, b: Node): Node => {
  const error = square(sub(a, b));
  return mul(1 / sizeOf(error.shape), sum(error));
};

/** Rows `from` to `to` of [N, …]. */
const cut = ({ shape, data }: Tensor, from: number, to: number): Tensor => {
  const size = sizeOf(shape.slice(1));
  return tensor([to - from, ...shape.slice(1)], data.subarray(from * size, to * size));
};

/** Trains on seven eighths of pictures [N, C, H, W] in [0, 1] and their mirror images, and measures its error on the rest. Sides are 8 pixels or more. */
export async function trainAutoEncoder(
  pictures: Tensor,
  { trainingSteps, trainingBatch }: AutoEncoderOptions,
  context: TrainingContext,
): Promise<AutoEncoder> {
  const count = pictures.shape[0]!;
  const kept = Math.max(1, Math.floor(count / HELD_OUT));
  const { parameters, trace } = network(pictures.shape.slice(1) as Shape as ImageShape);
  const { weights } = await trainNetwork(
    {
      parameters,
      data: { picture: withMirrored(count > kept ? cut(pictures, kept, count) : pictures) },
      loss: ({ picture }, parameter) => meanSquare(trace(picture, parameter), picture),
      steps: trainingSteps,
      batchSize: trainingBatch,
      learningRate: LEARNING_RATE,
    },
    { ...context, random: context.random.split("auto-encoder") },
  );
  const error = (u: Node) => meanSquare(trace(u, heldWeights(weights)(u)), u);
  return { weights, error, heldOut: await errorOf(error, cut(pictures, 0, kept), context) };
}

/** The error of pictures [N, C, H, W] as a number. */
export async function errorOf(
  error: AutoEncoder["error"],
  { shape, data }: Tensor,
  { backend }: Pick<AttackContext, "backend">,
): Promise<number> {
  const graph = createGraph();
  const program = await compile({ error: error(graph.input("pictures", shape)) }, { backend, dtype: "float32" });
  try {
    return (await program.run({ pictures: data })).error[0]!;
  } finally {
    await program.dispose();
  }
}
