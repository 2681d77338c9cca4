// How many rows of a weight matrix point the same way, and how close the whole is to rank 1. Loops run over flat arrays: classifiers of VGG
// hold 100 million weights, and a client waits for the answer.
import { createRandom } from "../../math/random.js";
import { type Matrix, norm, rowOf } from "./matrices.js";

/** |cosine| from which two rows count as one. Of K random rows of d entries the nearest two have about √(4·ln K/d). */
const SAME = 0.99;
/** Rows this much smaller than the largest are dead: the direction of what is left of them means nothing. */
const DEAD = 1e-6;
/** Sketches keep this many numbers of a row; parallel rows have parallel sketches, so few pairs need the full product. */
const SKETCH = 64;
/** Lower than `SAME`, since a sketch moves a cosine of 0.99 by a few hundredths. */
const SAME_SKETCH = 0.9;

/** Share of the rows that have a partner with |cosine| above 0.99, dead rows not counted; 0 for fewer than two rows. */
export function parallelShare(matrix: Matrix): number {
  const norms = normsOf(matrix);
  const largest = norms.reduce((top, value) => Math.max(top, value), 0);
  const alive = Array.from(norms, (_, row) => row).filter((row) => norms[row]! > DEAD * largest);
  if (alive.length < 2) return 0;
  const near = cosineAbove(matrix, norms, SAME);
  const sketched = matrix.columns > SKETCH ? sketch(matrix) : null;
  const maybe = sketched ? cosineAbove(sketched, normsOf(sketched), SAME_SKETCH) : near;
  const partnered = new Set<number>();
  alive.forEach((a, position) => {
    for (let next = position + 1; next < alive.length; next++) {
      const b = alive[next]!;
      if ((partnered.has(a) && partnered.has(b)) || !maybe(a, b) || !near(a, b)) continue;
      partnered.add(a).add(b);
    }
  });
  return partnered.size / alive.length;
}

const normsOf = (matrix: Matrix): Float64Array =>
  Float64Array.from({ length: matrix.rows }, (_, row) => norm(rowOf(matrix, row)));

function cosineAbove({ data, columns }: Matrix, norms: Float64Array, limit: number) {
  return (a: number, b: number): boolean => {
    const [from, other] = [a * columns, b * columns];
    let product = 0;
    for (let i = 0; i < columns; i++) product += data[from + i]! * data[other + i]!;
    return Math.abs(product) > limit * norms[a]! * norms[b]!;
  };
}

/** Every column added to one of 64 with a random sign (count sketch): inner products are kept in the mean. */
function sketch({ name, kind, rows, columns, data }: Matrix): Matrix {
  const random = createRandom(0).split("sketch");
  const target = Int32Array.from({ length: columns }, () => random.integer(SKETCH));
  const sign = Float64Array.from({ length: columns }, () => (random.uniform() < 0.5 ? -1 : 1));
  const short = new Float64Array(rows * SKETCH);
  for (let row = 0; row < rows; row++) {
    const [from, to] = [row * columns, row * SKETCH];
    for (let i = 0; i < columns; i++) short[to + target[i]!]! += sign[i]! * data[from + i]!;
  }
  return { name, kind, rows, columns: SKETCH, data: short };
}

/** Of a matrix near rank 1 every iteration halves what is left of the others at least twice. */
const MOST_ITERATIONS = 10;
const SETTLED = 1e-3;

/**
 * ‖W‖_F² / ‖W‖₂², from 1 for rank 1 up to the rank; NaN for a matrix of zeros. The spectral norm comes from power iteration, so that the
 * result is an upper bound: exact to a thousandth below 1.5, looser where all singular values are alike.
 */
export function stableRank({ rows, columns, data }: Matrix): number {
  const vector = new Float64Array(columns);
  const image = new Float64Array(rows);
  createRandom(0).split("power").fillNormal(vector, 0, 1);
  let spectral = 0;
  for (let iteration = 0; iteration < MOST_ITERATIONS; iteration++) {
    const length = norm(vector);
    for (let row = 0, at = 0; row < rows; row++) {
      let product = 0;
      for (let i = 0; i < columns; i++) product += data[at++]! * vector[i]!;
      image[row] = product / length;
    }
    const before = spectral;
    spectral = norm(image) ** 2;
    if (spectral <= before * (1 + SETTLED)) break;
    vector.fill(0);
    for (let row = 0, at = 0; row < rows; row++) {
      const factor = image[row]!;
      for (let i = 0; i < columns; i++) vector[i]! += factor * data[at++]!;
    }
  }
  return norm(data) ** 2 / spectral;
}
