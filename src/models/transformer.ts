// A small text classifier: embedding, learnt positions, two encoder layers (norm last, ReLU) with the names of PyTorch's TransformerEncoderLayer,
// the mean of all tokens and a linear layer. Text takes the place of an image: token ids as [1, 1, T], or the weights of V tokens at every
// position, one-hot or soft, as [V, 1, T]. Only the second form has a gradient to its input.
import type { ImageShape } from "../data/dataset.js";
import { embedding, linear, reshape, swapLast, transpose } from "../engine/index.js";
import type { Model } from "./define.js";
import { normal } from "./initial.js";
import { chain, type Layer, reluLayer, residual, sequence } from "./layers.js";
import { layerNormalisation } from "./layers-normalisation.js";
import { attention, meanToken, positions, tokenwise } from "./layers-token.js";

const DIM = 64;
const HEADS = 4;
const HIDDEN = 128;
const DEPTH = 2;
const EPSILON = 1e-5;
/** Tokens that ids may name where the input shape does not say: bytes. */
const VOCABULARY = 256;

const tokenEmbedding =
  (name: string, vocabulary: number, dim: number): Layer =>
  ([weights, height, width]) => ({
    shape: [height! * width!, dim],
    parameters: [{ name: `${name}.weight`, shape: [vocabulary, dim], initial: { normal: 1 } }],
    apply(x, { parameter }) {
      const table = parameter(`${name}.weight`);
      const tokens = height! * width!;
      if (weights === 1) return embedding(table, reshape(x, [x.shape[0]!, tokens]));
      const mixtures = transpose(reshape(x, [x.shape[0]!, vocabulary, tokens]), [0, 2, 1]);
      return linear(mixtures, swapLast(table));
    },
  });

const encoderLayer = (name: string): Layer =>
  sequence(
    residual(attention(`${name}.self_attn`, HEADS)),
    layerNormalisation(`${name}.norm1`, EPSILON),
    residual(sequence(tokenwise(`${name}.linear1`, HIDDEN), reluLayer, tokenwise(`${name}.linear2`, DIM))),
    layerNormalisation(`${name}.norm2`, EPSILON),
  );

export default function transformer(inputShape: ImageShape, classes: number): Model {
  const vocabulary = inputShape[0] > 1 ? inputShape[0] : VOCABULARY;
  const layers = [
    tokenEmbedding("embedding", vocabulary, DIM),
    positions("position"),
    ...Array.from({ length: DEPTH }, (_, i) => encoderLayer(`encoder.layers.${i}`)),
    meanToken,
  ];
  return chain("transformer", inputShape, classes, layers, { name: "fc", initial: normal(1 / Math.sqrt(DIM)) });
}
