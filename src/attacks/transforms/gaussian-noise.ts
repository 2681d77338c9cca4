// Imitates clipping to a norm, the part of the defense that a candidate can follow; the noise itself cannot be imitated. The clip-aware
// attack of Hu et al. 2024 (spec/defenses.md 2).
import { div, mul, type Node, relu, reshape, sqrt, sub } from "../../engine/index.js";
import { areInParts, squaredNorm } from "../optimization/distances.js";

export function clippedNoise(
  gradients: readonly Node[],
  sent: readonly Node[],
  { clip }: Readonly<Record<string, unknown>>,
): Node[] {
  if (typeof clip !== "number") throw new TypeError(`imitating a clip takes its norm as "clip", got ${clip}`);
  const inParts = areInParts(gradients, sent);
  // min(1, clip / norm), of each part its own
  const factor = sub(1, relu(sub(1, div(clip, sqrt(squaredNorm(gradients, inParts))))));
  const beside = ({ shape }: Node) => (inParts ? shape.map((extent, axis) => (axis === 0 ? extent : 1)) : []);
  return gradients.map((gradient) => mul(gradient, reshape(factor, beside(gradient))));
}
