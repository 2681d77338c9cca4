// D2 of spec/defenses.md section 22: the decoder of an imprint block has identical columns, so that every bin gets the same gradient, and
// its bins' biases rise from row to row. The specification's rank correlation of *sorted* biases is 1 for any layer; ours takes them in row
// order, and only where the rows are parallel (D1). A head that class fishing rewrote has identical columns, too.
import { asDefense, defineDetector } from "./define.js";
import { biasOf, linearOf, type Matrix, moments, norm } from "./matrices.js";
import { parallelShare } from "./parallel-rows.js";

const FEWEST_COLUMNS = 4;
const FEWEST_BINS = 4;
const PARALLEL = 0.1;

export const detector = defineDetector({
  id: "constant-next-layer",
  number: "D2",
  title: "Constant next layer",
  summary:
    "Looks for a layer with identical columns, as behind an imprint block, and for rising biases on parallel rows.",
  source: "own statistic for the imprint of Fowl et al. 2022 (spec/defenses.md section 22, D2)",
  action: "quarantine",
  criteria: {
    "column-variation": {
      score: "the coefficient of variation between columns",
      flags: "below",
      threshold: 1e-3,
      basis: "spec",
      falseAlarms: { alarms: 0, models: 420 },
    },
    "monotone-bias": {
      score: "the rank correlation of biases with the order of parallel rows",
      flags: "above",
      threshold: 0.999,
      basis: "spec",
      falseAlarms: { alarms: 0, models: 360 },
    },
  },
  limits:
    "a decoder with columns that differ by more than a thousandth passes; the imprint then blurs, but still leaks",
  measure({ weights }) {
    const layers = linearOf(weights);
    const wide = layers.filter(({ columns }) => columns >= FEWEST_COLUMNS);
    const biased = layers.flatMap((matrix) => {
      const bias = matrix.rows >= FEWEST_BINS ? biasOf(weights, matrix) : null;
      return bias ? [{ matrix, correlation: Math.abs(rankCorrelationWithOrder(bias)) }] : [];
    });
    return {
      "column-variation": wide.map((matrix) => ({ score: columnVariation(matrix), where: matrix.name })),
      "monotone-bias": biased.map(({ matrix, correlation }) => ({
        score: correlation > 0.999 && parallelShare(matrix) <= PARALLEL ? 0 : correlation,
        where: matrix.name,
      })),
    };
  },
});

/** Root mean square of the deviation of columns from their mean, as a share of the mean's; NaN for a matrix of zeros. */
function columnVariation({ rows, columns, data }: Matrix): number {
  const deviations: number[] = [];
  const means: number[] = [];
  for (let row = 0; row < rows; row++) {
    const { mean, deviation } = moments(data.subarray(row * columns, (row + 1) * columns));
    deviations.push(deviation);
    means.push(mean);
  }
  return norm(deviations) / norm(means);
}

/** Spearman's correlation of values with their positions; 0 when all values are equal. Ties share their mean rank. */
function rankCorrelationWithOrder(values: ArrayLike<number>): number {
  const count = values.length;
  const order = Array.from({ length: count }, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Float64Array(count);
  for (let from = 0; from < count; ) {
    let to = from + 1;
    while (to < count && values[order[to]!] === values[order[from]!]) to++;
    for (let i = from; i < to; i++) ranks[order[i]!] = (from + to - 1) / 2;
    from = to;
  }
  const middle = (count - 1) / 2;
  let [product, squares] = [0, 0];
  ranks.forEach((rank, i) => {
    product += (rank - middle) * (i - middle);
    squares += (rank - middle) ** 2;
  });
  const spread = (count * (count * count - 1)) / 12;
  return squares === 0 ? 0 : product / Math.sqrt(squares * spread);
}

export default asDefense(detector);
