// One candidate against several rounds of the same images (spec/attacks-optimization.md 2.12): one graph, fed with each round's weights and
// update in turn, and one step out of what the rounds say. To a search it is a matching like any other.
import { compile } from "../../../engine/index.js";
import { cast, type FloatArray, sizeOf } from "../../../math/tensor.js";
import { parameterValues } from "../../../models/define.js";
import type { ObservedRound } from "../../../threat/observation.js";
import {
  type Matching,
  type MatchingOptions,
  type MatchingStep,
  observedTargets,
  squaredSum,
  traceMatching,
} from "../matching.js";
import { median, type RoundAggregation } from "./round-aggregation.js";

export interface RoundsMatchingOptions extends Omit<MatchingOptions, "round" | "restarts" | "simulate" | "labels"> {
  /** One or more, of one model; weights and updates differ. */
  readonly rounds: readonly ObservedRound[];
  readonly aggregate: RoundAggregation;
  /** How many rounds are taken for right. */
  readonly trusted: number;
}

export interface RoundsMatching extends Matching {
  /** The pure gradient distance of every round. */
  distances(images: FloatArray, labels: FloatArray): Promise<number[]>;
}

/** The direction of length 1; zeros, or what is not finite, have none and become zeros. */
function unit(direction: FloatArray): Float64Array {
  const norm = Math.sqrt(squaredSum(direction));
  return Float64Array.from(direction, (value) => (norm > 0 && Number.isFinite(norm) ? value / norm : 0));
}

/**
 * Objective and distance of a step are medians over the rounds; its gradient is the aggregate of the rounds' gradients, each of length 1, so
 * that none speaks louder than another. Throws RangeError without a round, for rounds of several models, and as `createMatching`.
 */
export async function createRoundsMatching(options: RoundsMatchingOptions): Promise<RoundsMatching> {
  const { rounds, batchSize, dtype, backend, aggregate, trusted } = options;
  const [first] = rounds;
  if (!first) throw new RangeError("matching over rounds needs a round or more, got none");
  const { model } = first.payload;
  const other = rounds.find(({ payload }) => payload.model !== model);
  if (other) {
    throw new RangeError(`matching over rounds takes one model, got ${model.id} and ${other.payload.model.id}`);
  }
  const feeds = rounds.map((round) => {
    const { observed, targetSquares } = observedTargets(round, dtype);
    const weights = Object.entries(parameterValues(round.payload.weights));
    return {
      ...Object.fromEntries(weights.map(([name, { data }]) => [name, cast(data, dtype)])),
      ...observed,
      targetSquares,
    };
  });
  const targetNorm = median(
    feeds.map(({ targetSquares }) => targetSquares.reduce((total, square) => total + square, 0)),
  );
  const program = await compile(traceMatching({ ...options, round: first, labels: "fixed" }, 1), { backend, dtype });

  const ofEach = async (images: FloatArray, labels: FloatArray) => {
    const steps: { objective: number; distance: number; imageGradient: FloatArray }[] = [];
    for (const feed of feeds) {
      const { objective, distance, imageGradient } = await program.run({ ...feed, x: images, labels });
      steps.push({ objective: objective![0]!, distance: distance![0]!, imageGradient: imageGradient! });
    }
    return steps;
  };

  async function evaluate(images: FloatArray, labels: FloatArray): Promise<MatchingStep> {
    const steps = await ofEach(images, labels);
    // A round without a distance (an update of zeros, or not finite) is the farthest of all.
    const distances = steps.map(({ distance }) => (Number.isFinite(distance) ? distance : Number.MAX_VALUE));
    const imageGradient = aggregate({ directions: steps.map((step) => unit(step.imageGradient)), distances, trusted });
    const objective = median(
      steps.map((step, i) => (distances[i] === Number.MAX_VALUE ? Number.MAX_VALUE : step.objective)),
    );
    return { objective, distance: median(distances), imageGradient, labelGradient: null };
  }

  return {
    restarts: 1,
    imageSize: batchSize * sizeOf(model.inputShape),
    labelSize: batchSize * model.classes,
    targetNorm,
    evaluate,
    evaluateAll: (candidates) => Promise.all(candidates.map(({ images, labels }) => evaluate(images, labels))),
    distances: async (images, labels) => (await ofEach(images, labels)).map(({ distance }) => distance),
    dispose: () => program.dispose(),
  };
}
