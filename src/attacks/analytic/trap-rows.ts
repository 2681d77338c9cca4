// Trap weights (Boenisch et al., EuroS&P 2023, algorithm 1; spec/attacks-analytic.md 3.3): rows of a fully connected layer whose positive half
// is the negative half times a factor just below 1, so that a unit fires for few inputs and often for one alone. Inputs are pixels, 0 or more.
import type { Random } from "../../math/random.js";
import type { FloatArray } from "../../math/tensor.js";

/** What a trap row sees of an input: it fires where factor · positive exceeds negative. */
interface Balance {
  readonly positive: number;
  readonly negative: number;
}

export interface TrapRows {
  readonly rows: number;
  readonly columns: number;
  /** Weights of all rows at factor 1, row by row. */
  readonly data: Float64Array;
}

/** Rows with a half of negative weights -|N(0, deviation²)| and the same values with the other sign in the other half. */
export function drawTrapRows(rows: number, columns: number, deviation: number, random: Random): TrapRows {
  const data = new Float64Array(rows * columns);
  const half = columns >> 1;
  for (let row = 0; row < rows; row++) {
    const order = random.shuffle(Array.from({ length: columns }, (_, i) => i));
    for (let i = 0; i < half; i++) {
      const size = Math.abs(deviation * random.normal());
      // Both places are random: the positive values are the negative ones in another order.
      data[row * columns + order[i]!] = -size;
      data[row * columns + order[half + i]!] = size;
    }
  }
  return { rows, columns, data };
}

/** The rows' weights, positive ones times `factor`. */
export const scaled = ({ data }: TrapRows, factor: number): Float64Array =>
  data.map((value) => (value > 0 ? factor * value : value));

/** By row, what it sees of each image of a batch laid end to end. */
function balances({ rows, columns, data }: TrapRows, pixels: FloatArray, images: number): Balance[][] {
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: images }, (__, image) => {
      let [positive, negative] = [0, 0];
      for (let i = 0; i < columns; i++) {
        const product = data[row * columns + i]! * pixels[image * columns + i]!;
        if (product > 0) positive += product;
        else negative -= product;
      }
      return { positive, negative };
    }),
  );
}

const FACTORS = [0.7, 0.8, 0.85, 0.88, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995];
const DRAWS = 20;
const MOST_IMAGES = 128;
/** A share of images this much larger counts more than any number of rows that show them. */
const DECISIVE = 0.02;

/**
 * The factor at which, in batches of `batchSize` drawn from surrogate images, most images are alone in some row; of those nearly as good the
 * one with most such rows, since rows that show the same image average noise out. The interior maximum is sharp.
 */
export function tuneFactor(
  rows: TrapRows,
  pixels: FloatArray,
  images: number,
  batchSize: number,
  random: Random,
): number {
  const used = Math.min(images, MOST_IMAGES);
  const seen = balances(rows, pixels, used);
  const everybody = Array.from({ length: used }, (_, i) => i);
  const batches = Array.from({ length: DRAWS }, () => random.shuffle(everybody).slice(0, batchSize));
  const trials = FACTORS.map((factor) => {
    let [alone, shown] = [0, 0];
    for (const batch of batches) {
      const isolated = new Set<number>();
      for (const row of seen) {
        const firing = batch.filter((image) => factor * row[image]!.positive > row[image]!.negative);
        if (firing.length !== 1) continue;
        isolated.add(firing[0]!);
        shown++;
      }
      alone += isolated.size / batch.length / DRAWS;
    }
    return { factor, alone, shown };
  });
  const best = Math.max(...trials.map(({ alone }) => alone));
  const good = trials.filter(({ alone }) => alone >= best - DECISIVE);
  return good.reduce((most, trial) => (trial.shown > most.shown ? trial : most)).factor;
}
