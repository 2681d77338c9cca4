// Imitates the clipping of differential privacy at the client, the clip-aware attack of Hu et al. 2024 (spec/defenses.md 2): exact for one
// sample; of several it clips their mean, which is what the attacker can follow. The noise cannot be imitated.
import type { Node } from "../../engine/index.js";
import { clippedNoise } from "./gaussian-noise.js";

export function clippedSamples(
  gradients: readonly Node[],
  sent: readonly Node[],
  options: Readonly<Record<string, unknown>>,
): Node[] {
  if (options.clipping !== "layer") return clippedNoise(gradients, sent, options);
  return gradients.flatMap((gradient, i) => clippedNoise([gradient], [sent[i]!], options));
}
