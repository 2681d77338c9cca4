// Guesses made without any update: what a score must beat before it means anything (DESIGN.md section 2, rule 2).
import type { Batch } from "../data/dataset.js";
import type { Random } from "../math/random.js";
import type { Image } from "../metrics/define.js";
import { splitBatch } from "../metrics/image.js";

export interface Guess {
  readonly id: "prior-mean" | "surrogate-image" | "noise";
  readonly image: Image;
}

/** The mean surrogate picture, one surrogate picture drawn at random, and uniform noise. */
export function floorGuesses(surrogate: Batch, random: Random): Guess[] {
  const pictures = splitBatch(surrogate.inputs);
  const first = pictures[0]!;
  const mean = new Float64Array(first.data.length);
  for (const { data } of pictures) for (let i = 0; i < mean.length; i++) mean[i]! += data[i]! / pictures.length;
  const noise = new Float64Array(mean.length);
  random.split("noise").fillUniform(noise, 0, 1);
  return [
    { id: "prior-mean", image: { shape: first.shape, data: mean } },
    { id: "surrogate-image", image: pictures[random.split("pick").integer(pictures.length)]! },
    { id: "noise", image: { shape: first.shape, data: noise } },
  ];
}
