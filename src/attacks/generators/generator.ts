// What paints pictures from latents, in two forms (spec/attacks-generative.md 1.2): traced with named parameters, so that an attack can put it in
// front of a model's gradient and search latents or parameters; or as a black box that only paints.
import type { ImageShape } from "../../data/dataset.js";
import type { Node } from "../../engine/index.js";
import type { Random } from "../../math/random.js";
import type { FloatArray } from "../../math/tensor.js";
import type { Lookup, Weights } from "../../models/define.js";

/** How the numbers of a latent are distributed, each by itself. `truncated-normal`: drawn again outside of ± `bound`. */
export type Prior =
  | { readonly kind: "normal" }
  | { readonly kind: "truncated-normal"; readonly bound: number }
  | { readonly kind: "uniform"; readonly low: number; readonly high: number };

export interface LatentSpace {
  /** Numbers of one latent. */
  readonly latent: number;
  /** Default: standard normal. */
  readonly prior?: Prior;
}

export interface Generator extends LatentSpace {
  readonly resolution: ImageShape;
  readonly weights: Weights;
  /**
   * From latents [N, latent] to pixels [N, C, H, W], in [0, 1] or close to it. Parameters may have a leading parts axis
   * (engine/ops/parts.ts), a copy for each run of images.
   */
  trace(latents: Node, parameter: Lookup): Node;
}

/** Paints, and tells nothing of how: for searches that need no gradient of it. */
export interface BlackBoxGenerator extends LatentSpace {
  readonly resolution: ImageShape;
  /** Number of classes that a picture can be asked of; undefined where it takes none. */
  readonly classes?: number;
  /**
   * Pixels [N, C, H, W] of latents [N, latent], in [0, 1] or close to it. `labels` are the N classes, for a generator that takes them. Throws
   * RangeError where they do not fit, and GeneratorError when it fails.
   */
  paint(latents: FloatArray, labels?: readonly number[]): Promise<Float32Array>;
  /** Frees what it runs on. */
  dispose(): Promise<void>;
}

/** `count` latents [count, latent] of the prior. */
export function sampleLatents({ latent, prior }: LatentSpace, count: number, random: Random): Float32Array {
  const drawn = new Float32Array(count * latent);
  if (prior?.kind === "uniform") random.fillUniform(drawn, prior.low, prior.high);
  else random.fillNormal(drawn, 0, 1);
  if (prior?.kind === "truncated-normal") {
    const bound = Math.fround(prior.bound);
    for (let i = 0; i < drawn.length; i++) while (Math.abs(drawn[i]!) > bound) drawn[i] = random.normal();
  }
  return drawn;
}
