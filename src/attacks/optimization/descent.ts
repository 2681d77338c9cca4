// Descent on a matching objective by Adam: optional sign of the gradient, multi-step decay, projection. Keeps the best iterate by objective;
// of several restarts the one with the smallest pure gradient distance wins (spec/attacks-optimization.md 1.7 and 1.8).
import { createAdam } from "../../math/adam.js";
import { multiStepDecay } from "../../math/schedule.js";
import type { Tensor } from "../../math/tensor.js";
import type { AttackContext, LossCurve } from "../define.js";
import type { Matching } from "./matching.js";
import { type Start, searchStarts } from "./starts.js";

export interface DescentOptions {
  readonly iterations: number;
  readonly learningRate: number;
  readonly restarts: number;
  /** Adam on the sign of the gradient. */
  readonly signed: boolean;
  /** Factor on the learning rate. Default: multi-step decay. */
  readonly decay?: (iteration: number, total: number) => number;
  /** First iterate of a restart. */
  readonly start: (restart: number) => Float32Array;
  /** Applied in place after every step. */
  readonly project: (x: Float32Array) => void;
  /** The picture shown while it runs. */
  readonly preview: (images: Float32Array) => Tensor;
}

export interface DescentResult {
  readonly images: Float32Array;
  readonly distance: number;
  readonly curve: LossCurve;
  /** Of the restarts that were not chosen. */
  readonly otherCurves: readonly LossCurve[];
  /** Steps over all restarts. */
  readonly iterations: number;
}

/** Progress reports and curve points per restart. */
const REPORTS = 40;

/**
 * Searches images whose gradient matches, restarts side by side as the matching allows. A restart ends early at a non-finite objective.
 * Throws the signal's reason on abort.
 */
export async function descend(
  matching: Matching,
  labels: Float64Array,
  options: DescentOptions,
  context: AttackContext,
): Promise<DescentResult> {
  const { found } = await searchStarts(
    matching,
    {
      starts: options.restarts,
      iterations: options.iterations,
      search: (start) => descendOnce(start, labels, options, context),
      isEnd: () => false,
    },
    context,
  );
  const chosen = found.reduce((best, other) => (other.distance < best.distance ? other : best));
  const otherCurves = found.filter((run) => run !== chosen).map(({ curve }) => curve);
  return { ...chosen, otherCurves, iterations: found.reduce((sum, run) => sum + run.iterations, 0) };
}

async function descendOnce(
  { index, evaluate, report }: Start,
  labels: Float64Array,
  { iterations, learningRate, signed, decay = multiStepDecay, start, project, preview }: DescentOptions,
  { signal, outOfTime }: AttackContext,
): Promise<Omit<DescentResult, "otherCurves">> {
  const x = start(index);
  const adam = createAdam(x.length, { learningRate });
  const best = { images: x.slice(), objective: Number.POSITIVE_INFINITY, distance: Number.POSITIVE_INFINITY };
  const curve: { iteration: number; loss: number }[] = [];
  let iteration = 0;
  for (; iteration < iterations && !outOfTime(); iteration++) {
    signal.throwIfAborted();
    const { objective, distance, imageGradient } = await evaluate(x, labels);
    if (!Number.isFinite(objective)) break;
    if (objective < best.objective) {
      best.images.set(x);
      best.objective = objective;
      best.distance = distance;
    }
    if (iteration % Math.ceil(iterations / REPORTS) === 0) {
      curve.push({ iteration, loss: objective });
      report(iteration, best.objective, () => preview(best.images));
    }
    adam.step(x, signed ? imageGradient.map(Math.sign) : imageGradient, learningRate * decay(iteration, iterations));
    project(x);
  }
  return { images: best.images, distance: best.distance, curve, iterations: iteration };
}
