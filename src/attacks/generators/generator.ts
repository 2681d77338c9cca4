// A generator of pictures: a traced map from latents to pixels with named parameters, so that an attack can put it in front of a model's
// gradient and search its latents or its parameters (spec/attacks-generative.md 1.2). Latents are standard normal.
import type { ImageShape } from "../../data/dataset.js";
import type { Node } from "../../engine/index.js";
import type { Random } from "../../math/random.js";
import type { Lookup, Weights } from "../../models/define.js";

export interface Generator {
  /** Numbers of one latent. */
  readonly latent: number;
  readonly resolution: ImageShape;
  readonly weights: Weights;
  /**
   * From latents [N, latent] to pixels [N, C, H, W], in [0, 1] or close to it. Parameters may have a leading parts axis
   * (engine/ops/parts.ts), a copy for each run of images.
   */
  trace(latents: Node, parameter: Lookup): Node;
}

/** `count` latents [count, latent] of the prior. */
export function sampleLatents({ latent }: Generator, count: number, random: Random): Float32Array {
  const drawn = new Float32Array(count * latent);
  random.fillNormal(drawn, 0, 1);
  return drawn;
}
