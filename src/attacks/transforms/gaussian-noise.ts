// Imitates clipping to a norm, the part of the defense that a candidate can follow; the noise itself cannot be imitated. The clip-aware
// attack of Hu et al. 2024 (spec/defenses.md 2).
import { add, div, mul, type Node, relu, sqrt, square, sub, sum } from "../../engine/index.js";

export function clippedNoise(
  gradients: readonly Node[],
  _: readonly Node[],
  { clip }: Readonly<Record<string, unknown>>,
): Node[] {
  if (typeof clip !== "number") throw new TypeError(`the imitation of gaussian-noise needs the clip norm, got ${clip}`);
  const norm = sqrt(gradients.map((gradient) => sum(square(gradient))).reduce((total, term) => add(total, term)));
  // min(1, clip / norm)
  const factor = sub(1, relu(sub(1, div(clip, norm))));
  return gradients.map((gradient) => mul(gradient, factor));
}
