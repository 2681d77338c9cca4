// Vision Transformers (Dosovitskiy et al. 2020; the sizes `tiny` and `small` are DeiT's, Touvron et al. 2020) with torchvision's names: `vit` is
// net N6 of spec/attacks-optimization.md 1.13. Patches of 4 pixels for images of up to 64 pixels, of 16 above. Initialised as in torchvision
// but for the head: zeros there would give the layers below no gradient at all.
import type { ImageShape } from "../data/dataset.js";
import { gelu } from "../engine/index.js";
import type { Model } from "./define.js";
import { glorotUniform, normal } from "./initial.js";
import { activation, chain, type Layer, residual, sequence } from "./layers.js";
import { convolution, isSmall } from "./layers-image.js";
import { layerNormalisation } from "./layers-normalisation.js";
import { attention, firstToken, pixelsAsTokens, positions, tokenwise, withLeadingToken } from "./layers-token.js";

const table = {
  vit: { dim: 64, depth: 2, heads: 4 },
  "vit-tiny": { dim: 192, depth: 12, heads: 3 },
  "vit-small": { dim: 384, depth: 12, heads: 6 },
} as const;

const EXPANSION = 4;
const EPSILON = 1e-6;

const geluLayer = activation((x) => gelu(x, "none"));

/** Square patches onto tokens. Throws RangeError for images that patches do not cover. */
const patches =
  (name: string, size: number, dim: number): Layer =>
  (input) => {
    const [channels, height, width] = input;
    if (height! % size !== 0 || width! % size !== 0)
      throw new RangeError(`patches of ${size} pixels do not cover them`);
    const initial = normal(Math.sqrt(1 / (channels! * size * size)));
    return sequence(convolution(name, { filters: dim, kernel: size, stride: size, initial }), pixelsAsTokens)(input);
  };

const encoderLayer = (name: string, dim: number, heads: number): Layer =>
  sequence(
    residual(sequence(layerNormalisation(`${name}.ln_1`, EPSILON), attention(`${name}.self_attention`, heads))),
    residual(
      sequence(
        layerNormalisation(`${name}.ln_2`, EPSILON),
        tokenwise(`${name}.mlp.0`, EXPANSION * dim, glorotUniform),
        geluLayer,
        tokenwise(`${name}.mlp.3`, dim, glorotUniform),
      ),
    ),
  );

const make = (id: keyof typeof table) => {
  const { dim, depth, heads } = table[id];
  return (inputShape: ImageShape, classes: number): Model => {
    const layers = [
      withLeadingToken("class_token", patches("conv_proj", isSmall(inputShape) ? 4 : 16, dim)),
      positions("encoder.pos_embedding"),
      ...Array.from({ length: depth }, (_, i) => encoderLayer(`encoder.layers.encoder_layer_${i}`, dim, heads)),
      layerNormalisation("encoder.ln", EPSILON),
      firstToken,
    ];
    return chain(id, inputShape, classes, layers, { name: "heads.head", initial: normal(0.02) });
  };
};

export const vit = make("vit");
export const vitTiny = make("vit-tiny");
export const vitSmall = make("vit-small");
