// Which rounds speak of the images that the others speak of: at the end of a search, a round of other images, or of none, stays far away.
import type { Random } from "../../../math/random.js";
import { tensor } from "../../../math/tensor.js";
import type { ObservedRound } from "../../../threat/observation.js";
import { squaredSum } from "../matching.js";
import { median } from "./round-aggregation.js";

/** Distance above which a round does not fit, in medians of all; and at least this, in a cosine distance. */
const OUTLIER = { medians: 5, least: 0.05 };

/** Positions of rounds that do not fit. */
export function misfits(distances: readonly number[]): number[] {
  const limit = Math.max(OUTLIER.least, OUTLIER.medians * median(distances));
  return [...distances.keys()].filter((position) => !(distances[position]! <= limit));
}

/** What an adversary reads off the distances of the rounds at the end. */
export function distanceNotes(rounds: readonly ObservedRound[], distances: readonly number[]): string[] {
  const [low, high] = [Math.min(...distances), Math.max(...distances)];
  const wrong = misfits(distances).map((position) => rounds[position]!.round);
  const spread = `cosine distance ${median(distances).toExponential(2)} (median over ${rounds.length} rounds; ${low.toExponential(2)} to ${high.toExponential(2)})`;
  return wrong.length === 0 ? [spread] : [spread, `rounds ${wrong.join(", ")} do not fit: other images, or noise`];
}

/** A share of the rounds, drawn, with Gaussian noise in place of the update, of the same norm in every tensor. */
export function replaceByNoise(
  rounds: readonly ObservedRound[],
  share: number,
  random: Random,
): { readonly rounds: readonly ObservedRound[]; readonly replaced: readonly number[] } {
  const chosen = new Set(random.shuffle([...rounds.keys()]).slice(0, Math.round(share * rounds.length)));
  const noisy = (round: ObservedRound): ObservedRound => {
    const update = [...round.view.update].map(([name, { shape, data }]) => {
      const noise = new Float32Array(data.length);
      random
        .split("noise", round.round)
        .split(name)
        .fillNormal(noise, 0, Math.sqrt(squaredSum(data) / data.length));
      return [name, tensor(shape, noise)] as const;
    });
    return { ...round, view: { ...round.view, update: new Map(update) } };
  };
  return {
    rounds: rounds.map((round, position) => (chosen.has(position) ? noisy(round) : round)),
    replaced: [...chosen].sort((a, b) => a - b).map((position) => rounds[position]!.round),
  };
}
