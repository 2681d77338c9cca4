// D1 of spec/defenses.md section 22: an imprint block has rows that are equal up to scale (Fowl et al. 2022; breaching's imprint.py
// repeats one query), and is then of rank 1. Rows of honest layers are not, unless a layer is tiny.
import { asDefense, defineDetector } from "./define.js";
import { matricesOf } from "./matrices.js";
import { parallelShare, stableRank } from "./parallel-rows.js";

/** The two rows of a binary classifier are opposite by training alone, and short rows are parallel by chance. */
const FEWEST_ROWS = 4;
const FEWEST_COLUMNS = 16;
/** Below that, a trained classifier's rank is low for good reasons. */
const FEWEST_ROWS_FOR_RANK = 16;

export const detector = defineDetector({
  id: "duplicate-rows",
  number: "D1",
  title: "Duplicate rows",
  summary: "Looks for layers whose rows are equal up to scale, as the query rows of an imprint block are.",
  source: "own statistic for the imprint of Fowl et al. 2022 (spec/defenses.md section 22, D1)",
  action: "quarantine",
  criteria: {
    "parallel-rows": {
      score: "the share of rows that have a parallel partner",
      flags: "above",
      threshold: 0.1,
      basis: "spec",
      falseAlarms: { alarms: 0, models: 420 },
    },
    "stable-rank": {
      score: "the stable rank",
      flags: "below",
      threshold: 1.5,
      basis: "spec",
      falseAlarms: { alarms: 0, models: 360 },
    },
  },
  limits: "rows that are merely similar (|cosine| below 0.99), or a tenth of a layer, pass",
  measure({ weights }) {
    const wide = matricesOf(weights).filter(({ rows, columns }) => rows >= FEWEST_ROWS && columns >= FEWEST_COLUMNS);
    const tall = wide.filter(({ rows }) => rows >= FEWEST_ROWS_FOR_RANK);
    return {
      "parallel-rows": wide.map((matrix) => ({ score: parallelShare(matrix), where: matrix.name })),
      "stable-rank": tall.map((matrix) => ({ score: stableRank(matrix), where: matrix.name })),
    };
  },
});

export default asDefense(detector);
