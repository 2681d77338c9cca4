// D5 of spec/defenses.md section 22: one sample that outweighs all others of its batch in some layer is not hidden by the batch.
// Disaggregation SNR of Garov et al. 2024 (SEER, detectability/detectability.py), over the weights of all layers.
import type { Update } from "../../federated/hooks.js";
import { defineDetector } from "./define.js";
import { matricesOf, norm } from "./matrices.js";

/** The batches of the paper; of two samples one always outweighs the other. */
const FEWEST_SAMPLES = 16;

export const detector = defineDetector({
  id: "d-snr",
  number: "D5",
  title: "Disaggregation SNR",
  summary: "Looks for a sample of one's own batch whose gradient outweighs all the others together.",
  source: "Garov et al. 2024, Hiding in Plain Sight, ICLR (SEER; read in code)",
  action: "warn",
  criteria: {
    "largest-sample": {
      score: "a sample's gradient norm, as a multiple of all the others together,",
      flags: "above",
      threshold: 1,
      basis: "code",
      falseAlarms: { alarms: 2, models: 280 },
    },
  },
  limits: "SEER stays at 0.65 by design; a well-trained model that misses one sample of the batch raises it, too",
  measure(_, { local }) {
    if (!local) return "needs a batch of the client's own data";
    const { perSample } = local;
    if (perSample.length < FEWEST_SAMPLES)
      return `needs a batch of at least ${FEWEST_SAMPLES}, got ${perSample.length}`;
    const names = matricesOf(perSample[0]!).map(({ name }) => name);
    return { "largest-sample": names.map((name) => ({ score: largestRatio(name, perSample), where: name })) };
  },
});

/** NaN where all gradients vanish. */
function largestRatio(name: string, perSample: readonly Update[]): number {
  const norms = perSample.map((update) => norm(update.get(name)!.data));
  const largest = Math.max(...norms);
  return largest / (norms.reduce((sum, value) => sum + value, 0) - largest);
}
