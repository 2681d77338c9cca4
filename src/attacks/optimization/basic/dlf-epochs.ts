// The epochs of DLF (spec/attacks-optimization.md 2.6): which label stands in which place of an epoch, and one batch out of what was found
// for each epoch.
import { assign } from "../../../math/assignment.js";
import type { FloatArray } from "../../../math/tensor.js";

/**
 * The labels of an epoch in places, of which each `batchSize` make a mini-batch. Which label was drawn into which mini-batch is unknown: every
 * class is spread over all of them as evenly as counts allow.
 */
export function spreadLabels(labels: readonly number[], batchSize: number): number[] {
  const sorted = [...labels].sort((a, b) => a - b);
  const batches: number[][] = Array.from({ length: Math.ceil(labels.length / batchSize) }, () => []);
  const room = (batch: number) => Math.min(batchSize, labels.length - batch * batchSize) - batches[batch]!.length;
  let next = 0;
  for (const label of sorted) {
    while (room(next) === 0) next = (next + 1) % batches.length;
    batches[next]!.push(label);
    next = (next + 1) % batches.length;
  }
  return batches.flat();
}

export interface Merged {
  /** [N, pixels] in a row. */
  readonly images: Float32Array;
  /** Of each picture, the mean squared deviation of its copies: small where the epochs agree. */
  readonly spread: readonly number[];
}

/**
 * One batch out of `epochs` copies of it, [E, N, pixels] in a row: the pictures of every epoch are paired with those of the first at the least
 * sum of squared differences, and averaged. Reads nothing but what the attack made.
 */
export function mergeEpochs(images: FloatArray, epochs: number, count: number): Merged {
  const size = images.length / (epochs * count);
  const picture = (epoch: number, place: number) =>
    images.subarray((epoch * count + place) * size, (epoch * count + place + 1) * size);
  const mean = new Float64Array(count * size);
  const squares = new Float64Array(count * size);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const cost = Float64Array.from({ length: count * count }, (_, pair) =>
      squaredDifference(picture(0, Math.floor(pair / count)), picture(epoch, pair % count)),
    );
    assign(cost, count, count).columnOfRow.forEach((partner, place) => {
      picture(epoch, partner).forEach((value, i) => {
        mean[place * size + i]! += value / epochs;
        squares[place * size + i]! += value ** 2 / epochs;
      });
    });
  }
  const spread = Array.from({ length: count }, (_, place) => {
    let sum = 0;
    for (let i = place * size; i < (place + 1) * size; i++) sum += Math.max(0, squares[i]! - mean[i]! ** 2);
    return sum / size;
  });
  return { images: Float32Array.from(mean), spread };
}

function squaredDifference(a: FloatArray, b: FloatArray): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum;
}
