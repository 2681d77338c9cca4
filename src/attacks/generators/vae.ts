// G-VAE32: a small convolutional variational auto-encoder (Kingma and Welling 2014) of surrogate pictures, whose decoder is the generator.
// Three halvings to 16, 32 and 64 channels and a linear layer; the decoder mirrors them. ELBO with squared errors summed per picture.
import type { ImageShape } from "../../data/dataset.js";
import { add, exp, mul, type Node, reshape, resize, sigmoid, slice, square, sub, sum } from "../../engine/index.js";
import type { Tensor } from "../../math/tensor.js";
import type { Lookup, Parameter } from "../../models/define.js";
import { heNormal } from "../../models/initial.js";
import { flatten, type Layer, linear, reluLayer, sequence } from "../../models/layers.js";
import { convolution } from "../../models/layers-image.js";
import type { Generator } from "./generator.js";
import { type TrainingContext, trainNetwork } from "./train-network.js";
import { withMirrored } from "./unit-pictures.js";
import { upsampling } from "./upsampling.js";

export interface VaeOptions {
  readonly latent: number;
  readonly trainingSteps: number;
  readonly trainingBatch: number;
}

const CHANNELS = [16, 32, 64] as const;
const LEARNING_RATE = 2e-3;
/** Weight of the divergence from the prior beside the squared error of a whole picture. */
const DIVERGENCE = 0.1;
const initial = heNormal("in");

const unflatten =
  (...shape: readonly number[]): Layer =>
  () => ({ shape, parameters: [], apply: (x) => reshape(x, [x.shape[0]!, ...shape]) });

export interface VaeNetwork {
  /** Of both halves: `encoder.…` and `decoder.…`. */
  readonly parameters: readonly Parameter[];
  /** Mean and logarithm of the variance of the latents of pictures [N, C, H, W], [N, latent] each. */
  encode(pictures: Node, parameter: Lookup): { readonly mean: Node; readonly logVariance: Node };
  /** Pictures [N, C, H, W] in [0, 1] of latents [N, latent]. */
  decode(latents: Node, parameter: Lookup): Node;
}

/** For pictures with sides of 8 or more; sides that 8 does not divide are painted smaller and stretched. */
export function vaeNetwork(resolution: ImageShape, latent: number): VaeNetwork {
  const [channels, height, width] = resolution;
  const [first, second, third] = CHANNELS;
  const half = (name: string, filters: number) =>
    convolution(name, { filters, kernel: 4, stride: 2, padding: 1, initial });
  const encoder = sequence(
    half("encoder.0", first),
    reluLayer,
    half("encoder.1", second),
    reluLayer,
    half("encoder.2", third),
    reluLayer,
    linear("encoder.3", 2 * latent),
  )(resolution);
  const [rows, columns] = [height, width].map((extent) => Math.floor(extent / 8)) as [number, number];
  const decoder = sequence(
    linear("decoder.0", third * rows * columns, { initial }),
    reluLayer,
    unflatten(third, rows, columns),
    upsampling("decoder.1", second),
    reluLayer,
    upsampling("decoder.2", first),
    reluLayer,
    upsampling("decoder.3", channels),
  )([latent]);
  const plain = (parameter: Lookup) => ({ parameter, mode: "eval" as const, note: () => {} });
  return {
    parameters: [...encoder.parameters, ...decoder.parameters],
    encode(pictures, parameter) {
      const seen = flatten(encoder.apply(pictures, plain(parameter)));
      const count = pictures.shape[0]!;
      return { mean: slice(seen, [0, 0], [count, latent]), logVariance: slice(seen, [0, latent], [count, latent]) };
    },
    decode(latents, parameter) {
      const painted = decoder.apply(latents, plain(parameter));
      const fits = painted.shape[2] === height && painted.shape[3] === width;
      return sigmoid(fits ? painted : resize(painted, [height, width], "bilinear"));
    },
  };
}

/** Trains on pictures [N, C, H, W] in [0, 1] with sides of 8 or more, and their mirror images. */
export async function trainVae(
  pictures: Tensor,
  { latent, trainingSteps, trainingBatch }: VaeOptions,
  context: TrainingContext,
): Promise<Generator> {
  const resolution = pictures.shape.slice(1) as readonly number[] as ImageShape;
  const { parameters, encode, decode } = vaeNetwork(resolution, latent);
  const data = withMirrored(pictures);
  const batch = Math.min(trainingBatch, data.shape[0]!);
  const { weights } = await trainNetwork(
    {
      parameters,
      data: { picture: data },
      noise: { drawn: [batch, latent] },
      loss: ({ picture, drawn }, parameter) => {
        const { mean, logVariance } = encode(picture, parameter);
        const latents = add(mean, mul(exp(mul(0.5, logVariance)), drawn));
        const error = sum(square(sub(decode(latents, parameter), picture)));
        const divergence = sum(sub(add(square(mean), exp(logVariance)), add(logVariance, 1)));
        return mul(1 / batch, add(error, mul(DIVERGENCE / 2, divergence)));
      },
      steps: trainingSteps,
      batchSize: batch,
      learningRate: LEARNING_RATE,
    },
    { ...context, random: context.random.split("vae") },
  );
  const own = [...weights].filter(([name]) => name.startsWith("decoder."));
  return { latent, resolution, weights: new Map(own), trace: decode };
}
