// D3 of spec/defenses.md section 22: trap weights (Boenisch et al. 2023, algorithm 1) have rows whose positive half is the negative half
// times a factor just below 1, so that a unit fires for few inputs. The statistics are the specification's own but for one: its limit of
// -6 on the t-statistic of the rows' sums flags a quarter of honest MLPs, as SGD on bright pictures moves all rows one way. Ours is their mean
// over their deviation, which does not grow with the number of rows: honest MLPs stay above -1.5, traps of any factor lie near -50.
import type { FloatArray } from "../../math/tensor.js";
import { asDefense, defineDetector } from "./define.js";
import { countOf, inner, linearOf, type Matrix, median, moments, norm, rowOf } from "./matrices.js";

/** Fewer rows give no t-statistic, and short rows pair by chance. */
const FEWEST_ROWS = 16;
const FEWEST_COLUMNS = 16;

export const detector = defineDetector({
  id: "trap-rows",
  number: "D3",
  title: "Trap rows",
  summary: "Looks for fully connected layers whose rows are balanced between signs by hand, as trap weights are.",
  source: "own statistics for the trap weights of Boenisch et al. 2023 (spec/defenses.md section 22, D3)",
  action: "quarantine",
  criteria: {
    "pairing-residual": {
      score: "the median mismatch between a row's positive half and its scaled negative half",
      flags: "below",
      threshold: 1e-3,
      basis: "spec",
      falseAlarms: { alarms: 0, models: 60 },
    },
    "row-sum-shift": {
      score: "the mean of the rows' sums, in their standard deviations,",
      flags: "below",
      threshold: -5,
      basis: "measured",
      falseAlarms: { alarms: 0, models: 60 },
    },
    "row-sum-spread": {
      score: "the spread of the rows' sums, as a share of what independent weights have,",
      flags: "below",
      threshold: 0.2,
      basis: "spec",
      falseAlarms: { alarms: 0, models: 60 },
    },
  },
  limits: "trap weights that were learnt rather than set by hand, and traps in convolutions, pass",
  measure({ weights }) {
    const layers = linearOf(weights).filter(({ rows, columns }) => rows >= FEWEST_ROWS && columns >= FEWEST_COLUMNS);
    const at = (score: (matrix: Matrix) => number) =>
      layers.map((matrix) => ({ score: score(matrix), where: matrix.name }));
    return {
      "pairing-residual": at(pairingResidual),
      "row-sum-shift": at((matrix) => {
        const { mean, deviation } = moments(rowSums(matrix));
        return mean / deviation;
      }),
      "row-sum-spread": at((matrix) => {
        const independent = moments(matrix.data).deviation * Math.sqrt(matrix.columns);
        return moments(rowSums(matrix)).deviation / independent;
      }),
    };
  },
});

const rowSums = (matrix: Matrix): number[] =>
  Array.from({ length: matrix.rows }, (_, row) => matrix.columns * moments(rowOf(matrix, row)).mean);

/**
 * Median over rows of ‖p - s·n‖/‖p‖, with p and n the sorted sizes of the positive and the negative entries and the best s; 1 for rows
 * that are not half and half.
 */
function pairingResidual(matrix: Matrix): number {
  return median(Array.from({ length: matrix.rows }, (_, row) => rowResidual(rowOf(matrix, row))));
}

function rowResidual(values: FloatArray): number {
  const positives = countOf(values, (value) => value > 0);
  const negatives = countOf(values, (value) => value < 0);
  if (positives === 0 || Math.abs(positives - negatives) > 1) return 1;
  const sorted = Float64Array.from(values).sort();
  const pairs = Math.min(positives, negatives);
  const negative = sorted.subarray(0, pairs);
  const positive = sorted.subarray(sorted.length - pairs).reverse();
  // Negative entries are not turned around, so that the best factor is negative, too.
  const scale = inner(positive, negative) / inner(negative, negative);
  return norm(positive.map((value, i) => value - scale * negative[i]!)) / norm(positive);
}

export default asDefense(detector);
