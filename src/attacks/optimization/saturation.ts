// A net that already predicts the label leaves hardly any gradient, and what is not there cannot be inverted. The adversary sees it in the
// last bias, where ∂L/∂b_y = p_y - 1 for one image; it is reported, not tuned around.

import type { ObservedRound } from "../../threat/observation.js";
import { headGradient } from "../labels/define.js";

const CERTAIN = 0.999;

/**
 * One note when the sent gradient shows that the model is sure of the label; none otherwise, nor where the last layer has no bias to see it in.
 * Exact for one image per batch.
 */
export function saturationNote(round: ObservedRound): string[] {
  if (round.payload.model.head.bias === undefined) return [];
  const lowest = Math.min(...headGradient(round).bias);
  const predicted = 1 + lowest;
  if (predicted < CERTAIN) return [];
  return [
    `the model already predicts the label with probability ${predicted.toPrecision(6)}: the update carries almost no gradient, so that ` +
      "nothing can be inverted; this says nothing about other images or an earlier model. (A defense that scales updates down looks the same.)",
  ];
}
