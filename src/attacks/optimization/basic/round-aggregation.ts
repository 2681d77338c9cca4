// One direction out of the directions of several rounds, some of which may be wrong (spec/attacks-optimization.md 2.12). Krum and multi-Krum
// are those of Blanchard et al., "Machine Learning with Adversaries" (NeurIPS 2017), here over rounds instead of clients.
import type { FloatArray } from "../../../math/tensor.js";

/** What every round says at one point of the search. */
export interface RoundVotes {
  /** One direction per round, all of one length. */
  readonly directions: readonly FloatArray[];
  /** Gradient distance of each round. */
  readonly distances: readonly number[];
  /** How many rounds are taken for right, 1 to all. */
  readonly trusted: number;
}

export type RoundAggregation = (votes: RoundVotes) => Float64Array;

/** Rounds by rising `values`, the first of equals first. */
const byRising = (values: readonly number[]): number[] =>
  values.map((_, round) => round).sort((a, b) => values[a]! - values[b]!);

function meanOf(directions: readonly FloatArray[]): Float64Array {
  const mean = new Float64Array(directions[0]!.length);
  for (const direction of directions) {
    for (let i = 0; i < mean.length; i++) mean[i]! += direction[i]! / directions.length;
  }
  return mean;
}

/** Every entry by itself: sorted over the rounds, without `drop` at either end, averaged. */
function entrywise(directions: readonly FloatArray[], drop: number): Float64Array {
  const sorted = new Float64Array(directions.length);
  return Float64Array.from(directions[0]!, (_, i) => {
    directions.forEach((direction, round) => {
      sorted[round] = direction[i]!;
    });
    sorted.sort();
    let sum = 0;
    for (let rank = drop; rank < sorted.length - drop; rank++) sum += sorted[rank]!;
    return sum / (sorted.length - 2 * drop);
  });
}

/** The rounds in order of the sum of squared distances to their nearest neighbours, as many as are left of the trusted ones less two. */
function byNeighbours({ directions, trusted }: RoundVotes): { order: number[]; neighbours: number } {
  const neighbours = Math.max(1, trusted - 2);
  const scores = directions.map((one, round) => {
    const others = directions.flatMap((other, place) => (place === round ? [] : [squaredDistance(one, other)]));
    return others
      .sort((a, b) => a - b)
      .slice(0, neighbours)
      .reduce((sum, value) => sum + value, 0);
  });
  return { order: byRising(scores), neighbours };
}

function squaredDistance(a: FloatArray, b: FloatArray): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum;
}

export const roundAggregations = {
  mean: ({ directions }) => meanOf(directions),
  /** Of an even number the mean of the middle two. */
  "coordinate-median": ({ directions }) => entrywise(directions, Math.ceil(directions.length / 2) - 1),
  /** Every entry without as many rounds at either end as are not trusted, and at least the middle. */
  "trimmed-mean": ({ directions, trusted }) =>
    entrywise(directions, Math.min(directions.length - trusted, Math.ceil(directions.length / 2) - 1)),
  /** The round that lies nearest to its neighbours. */
  krum: (votes) => Float64Array.from(votes.directions[byNeighbours(votes).order[0]!]!),
  /** The mean of as many such rounds as each has neighbours. */
  "multi-krum": (votes) => {
    const { order, neighbours } = byNeighbours(votes);
    return meanOf(order.slice(0, neighbours).map((round) => votes.directions[round]!));
  },
  /** The mean of the trusted number of rounds with the smallest gradient distance. */
  "loss-trimmed": ({ directions, distances, trusted }) =>
    meanOf(
      byRising(distances)
        .slice(0, trusted)
        .map((round) => directions[round]!),
    ),
} satisfies Record<string, RoundAggregation>;

export type RoundAggregationName = keyof typeof roundAggregations;

/** The middle value; of an even number the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
