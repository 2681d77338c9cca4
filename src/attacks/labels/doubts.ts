// Reasons to doubt a rule's result that several rules share, each read off the evidence.

import type { LabelEvidence } from "./define.js";
import { columnSums, type HeadGradient } from "./head.js";
import { hasNonNegativeFeatures } from "./non-negative.js";

type Doubt = (evidence: LabelEvidence) => string | null;

/** The first reason that applies. */
export const firstOf =
  (...doubts: readonly Doubt[]): Doubt =>
  (evidence) => {
    for (const doubt of doubts) {
      const reason = doubt(evidence);
      if (reason !== null) return reason;
    }
    return null;
  };

/** The rule reads sums or minima over features and takes them for non-negative. */
export const signedFeatures: Doubt = ({ round: { payload }, batchSize }) =>
  hasNonNegativeFeatures(payload.model, batchSize)
    ? null
    : `the rule is right for non-negative features; those of ${payload.model.id} may be negative`;

/** The rule takes all classes for equally likely. An absent class shows its mean probability in ∂b_c. */
export const unevenPredictions: Doubt = ({ head: { bias, classes } }) => {
  const highest = bias ? Math.max(...bias) : 0;
  if (highest <= 3 / classes) return null;
  return `the rule takes an untrained net for granted; this one gives a class a mean probability of ${highest.toPrecision(2)} or more`;
};

/** In any batch, the parts of all classes add up to zero. Noise and pruning break that. */
export const notAGradient: Doubt = ({ head }) => {
  const off = shareLeft(head);
  if (off <= 1e-3) return null;
  return `the last layer's gradients do not add up to zero over the classes (${(100 * off).toPrecision(2)} % are left), as they do in a plain gradient: a defense may be on`;
};

/** |Σ_c g_c| / Σ_c |g_c| of the worse of bias and weights. */
function shareLeft(head: HeadGradient): number {
  const absolute = (values: Float64Array) => values.reduce((sum, value) => sum + Math.abs(value), 0);
  const ofWeights = absolute(columnSums(head)) / (absolute(head.weight) || 1);
  if (!head.bias) return ofWeights;
  const ofBias = Math.abs(head.bias.reduce((sum, value) => sum + value, 0)) / (absolute(head.bias) || 1);
  return Math.max(ofWeights, ofBias);
}

/** The rule reads one gradient; local steps move the weights in between. */
export const localSteps: Doubt = ({ steps }) =>
  steps > 1 ? `the gradient is a mean over ${steps} local steps, between which the model changed` : null;
