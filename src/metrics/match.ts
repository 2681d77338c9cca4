// Which reconstruction belongs to which original: minimum-cost assignment on MSE (spec/metrics.md section 4).
// Order inside a batch is lost in averaging, and this is the one place where truth gives it back. Matching by MSE
// flatters MSE and PSNR; the floor must be matched the same way.
import { assign } from "../math/assignment.js";
import type { Image } from "./define.js";
import { describeShape } from "./image.js";
import { meanSquaredError } from "./similarity/mse.js";

export interface Pair {
  /** Position in the list of reconstructions. */
  readonly reconstruction: number;
  /** Position in the list of originals. */
  readonly original: number;
  readonly mse: number;
}

export interface Matching {
  /** In the order of the originals. */
  readonly pairs: readonly Pair[];
  readonly unmatchedReconstructions: readonly number[];
  readonly unmatchedOriginals: readonly number[];
  /** True when every matched reconstruction is nearest to the original it got; false is a sign of weak pictures. */
  readonly greedyAgrees: boolean;
}

/**
 * Pairs clamped reconstructions with originals so that the total MSE is smallest. Where an attack offers more candidates
 * than there are originals, the best candidate of each original is kept before the assignment. Reconstructions with
 * pixels that are not numbers stay unmatched. Throws RangeError when picture sizes differ.
 */
export function matchBatch(reconstructions: readonly Image[], originals: readonly Image[]): Matching {
  const costs = reconstructions.map((reconstruction) => originals.map((original) => costOf(reconstruction, original)));
  const usable = [...costs.keys()].filter((index) => costs[index]!.every(Number.isFinite));
  const kept = keepBest(usable, costs, originals.length);
  const { columnOfRow } = assign(
    Float64Array.from(kept.flatMap((index) => costs[index]!)),
    kept.length,
    originals.length,
  );
  const pairs = kept
    .map((reconstruction, row) => {
      const original = columnOfRow[row]!;
      return { reconstruction, original, mse: costs[reconstruction]![original]! };
    })
    .sort((a, b) => a.original - b.original);
  const usedReconstructions = new Set(pairs.map((pair) => pair.reconstruction));
  const usedOriginals = new Set(pairs.map((pair) => pair.original));
  return {
    pairs,
    unmatchedReconstructions: [...reconstructions.keys()].filter((index) => !usedReconstructions.has(index)),
    unmatchedOriginals: [...originals.keys()].filter((index) => !usedOriginals.has(index)),
    greedyAgrees: pairs.every(({ reconstruction, mse }) => costs[reconstruction]!.every((cost) => mse <= cost)),
  };
}

/**
 * At most `originals` candidates: the best of each original, ties to the lower index. Originals that share their best
 * add their next best, so that none goes unscored and the mean over pairs cannot hide it.
 */
function keepBest(candidates: readonly number[], costs: readonly number[][], originals: number): number[] {
  if (candidates.length <= originals) return [...candidates];
  const kept = new Set<number>();
  const addBest = (original: number, from: readonly number[]) => {
    kept.add(from.reduce((best, index) => (costs[index]![original]! < costs[best]![original]! ? index : best)));
  };
  const shared: number[] = [];
  for (let original = 0; original < originals; original++) {
    const before = kept.size;
    addBest(original, candidates);
    if (kept.size === before) shared.push(original);
  }
  for (const original of shared) {
    addBest(
      original,
      candidates.filter((index) => !kept.has(index)),
    );
  }
  return [...kept].sort((a, b) => a - b);
}

function costOf(reconstruction: Image, original: Image): number {
  if (describeShape(reconstruction) !== describeShape(original)) {
    throw new RangeError(
      `cannot match a reconstruction of ${describeShape(reconstruction)} with an original of ${describeShape(original)}`,
    );
  }
  return meanSquaredError(reconstruction, original);
}
