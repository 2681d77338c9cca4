// D7 of spec/defenses.md section 22, reconstructed (the formulas of Carletti et al. 2025, arXiv 2511.10502, could not be read): a head that
// was rewritten by hand (class fishing: zero rows, biases of 1000), and answers to one's own batch unlike those of earlier rounds.
import type { Payload } from "../../federated/hooks.js";
import { type Answer, defineDetector, type LocalEvidence, type Reading } from "./define.js";
import { biasOf, countOf, linearOf, median, norm, rowOf } from "./matrices.js";

const ROUNDS_SEEN = 10;
const ROUNDS_FOR_LOSS = 3;
const ROUNDS_FOR_Z = 5;
/** Median absolute deviations are raised by these, so that a quiet history does not make every step a jump. */
const LEAST_SHARE_DEVIATION = 0.01;
const LEAST_LOSS_DEVIATION = 0.05;
/** From the median absolute deviation to the standard deviation of a normal distribution. */
const NORMAL = 1.4826;
const EPSILON = 1e-5;

/** A limit of the specification, with honest models that were beyond it. */
const limit = (threshold: number, alarms: number, models: number) =>
  ({ flags: "above", threshold, basis: "spec", falseAlarms: { alarms, models } }) as const;

export const detector = defineDetector({
  id: "dynamics",
  number: "D7",
  title: "Dynamics",
  summary:
    "Looks for a classifier head set by hand, dead layers, and losses or gradients unlike those of earlier rounds.",
  source: "reconstructed from Carletti et al. 2025, arXiv 2511.10502 (spec/defenses.md section 22, D7)",
  action: "warn",
  criteria: {
    "head-bias-range": {
      score: "the range of the head's biases",
      flags: "above",
      // exp(-16) is below the rounding of float32: such a bias alone switches a class off.
      threshold: 16,
      basis: "derived",
      falseAlarms: { alarms: 0, models: 360 },
    },
    "head-zero-rows": {
      score: "the share of zero rows in a head that is not all zero",
      flags: "above",
      threshold: 0,
      basis: "derived",
      falseAlarms: { alarms: 0, models: 420 },
    },
    "zero-gradients": { score: "the share of zeros in a layer's gradient", ...limit(0.99, 2, 280) },
    "loss-jump": { score: "the loss, as a multiple of its median in earlier rounds,", ...limit(3, 2, 196) },
    "loss-z": { score: "the robust z-score of the loss", ...limit(6, 3, 140) },
    "gradient-share-z": { score: "the robust z-score of a layer's share of the gradient norm", ...limit(6, 0, 140) },
    "batch-norm-mismatch": {
      score: "the median distance of batch means from running means, in running deviations,",
      ...limit(6, 0, 80),
    },
  },
  limits: "a server that changes its models slowly, or from the first round on, leaves no break to be seen",
  measure(payload, { local }) {
    return { ...headReadings(payload), ...(local && { ...localReadings(local), ...mismatch(payload, local) }) };
  },
});

function headReadings({ model: { head }, weights }: Payload) {
  const matrix = linearOf(weights).find(({ name }) => name === head.weight);
  if (!matrix) return {};
  const bias = head.bias === undefined ? biasOf(weights, matrix) : weights.get(head.bias)?.data;
  const sizes = Array.from({ length: matrix.rows }, (_, row) => norm(rowOf(matrix, row)));
  const zeros = countOf(sizes, (size) => size === 0);
  return {
    "head-zero-rows": [{ score: zeros === matrix.rows ? 0 : zeros / matrix.rows, where: head.weight }],
    ...(bias && {
      "head-bias-range": [{ score: Math.max(...bias) - Math.min(...bias), where: head.bias ?? head.weight }],
    }),
  };
}

function localReadings({ loss, update, past }: LocalEvidence): Record<string, Reading[]> {
  const recent = past.slice(-ROUNDS_SEEN);
  const losses = recent.map((answer) => answer.loss);
  const middle = median(losses);
  const where = `round ${past.length}`;
  const shares = sharesOf({ loss, update });
  const earlier = recent.map(sharesOf);
  return {
    "zero-gradients": [...update].map(([name, { data }]) => ({
      score: countOf(data, (value) => value === 0) / data.length,
      where: name,
    })),
    "loss-jump": recent.length < ROUNDS_FOR_LOSS ? [] : [{ score: loss / middle, where }],
    "loss-z":
      recent.length < ROUNDS_FOR_Z ? [] : [{ score: robustZ(loss, losses, LEAST_LOSS_DEVIATION * middle), where }],
    "gradient-share-z":
      recent.length < ROUNDS_FOR_Z
        ? []
        : [...shares].map(([name, share]) => ({
            score: robustZ(
              share,
              earlier.map((each) => each.get(name) ?? 0),
              LEAST_SHARE_DEVIATION,
            ),
            where: name,
          })),
  };
}

/** Every tensor's share of the sum of norms. */
function sharesOf({ update }: Answer): Map<string, number> {
  const norms = [...update].map(([name, { data }]) => [name, norm(data)] as const);
  const total = norms.reduce((sum, [, value]) => sum + value, 0);
  return new Map(norms.map(([name, value]) => [name, total === 0 ? 0 : value / total]));
}

function robustZ(value: number, history: readonly number[], least: number): number {
  const middle = median(history);
  const deviation = median(history.map((each) => Math.abs(each - middle)));
  return Math.abs(value - middle) / (NORMAL * deviation + least);
}

/** Layers still at their initial statistics, mean 0 and variance 1, are left out. */
function mismatch({ weights }: Payload, { batchStatistics }: LocalEvidence): Record<string, Reading[]> {
  const readings = [...batchStatistics].flatMap(([layer, { mean }]) => {
    const running = weights.get(`${layer}.running_mean`)?.data;
    const variance = weights.get(`${layer}.running_var`)?.data;
    if (!running || !variance || (norm(running) === 0 && variance.every((value) => value === 1))) return [];
    const distances = Array.from(
      running,
      (value, channel) => Math.abs(mean[channel]! - value) / Math.sqrt(variance[channel]! + EPSILON),
    );
    return [{ score: median(distances), where: layer }];
  });
  return { "batch-norm-mismatch": readings };
}
