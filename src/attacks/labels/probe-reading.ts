// What rules share that read a probe.
import type { LabelEvidence, Probe } from "./define.js";

/** The probe. Throws RangeError where there is none. */
export function probeOf(probe: Probe | undefined): Probe {
  if (probe) return probe;
  throw new RangeError("this label rule reads what the model makes of other pictures, and none were shown to it");
}

const WIDE_SPREAD = 0.5;

/** The rule takes the feature sums of all pictures for equal. */
export function unlikeProbe({ probe }: LabelEvidence): string | null {
  const { source, states } = probeOf(probe);
  const sums = Array.from(states[0].featureSums);
  const mean = sums.reduce((total, sum) => total + sum, 0) / sums.length;
  const deviation = Math.sqrt(sums.reduce((total, sum) => total + (sum - mean) ** 2, 0) / sums.length);
  if (deviation <= WIDE_SPREAD * Math.abs(mean)) return null;
  const spread = mean === 0 ? "around 0" : `by ${Math.round((100 * deviation) / Math.abs(mean))} %`;
  return `the rule takes the features of all pictures for alike; their sums differ ${spread} among the ${source}`;
}
