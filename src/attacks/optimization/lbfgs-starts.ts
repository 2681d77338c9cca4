// The search that DLG and iDLG share: L-BFGS on the gradient distance from several random starts. A start that diverges is dropped; among
// the others the one with the smallest gradient distance wins. The truth plays no part.
import { createLbfgs } from "../../math/lbfgs.js";
import type { Tensor } from "../../math/tensor.js";
import type { AttackContext, LossCurve } from "../define.js";
import type { Matching } from "./matching.js";
import { type Start, searchStarts } from "./starts.js";

export interface StartOptions {
  readonly starts: number;
  /** Optimiser calls per start, each of up to 20 inner iterations. */
  readonly calls: number;
  readonly lineSearch: "none" | "strong-wolfe";
  /** Curvature pairs kept. */
  readonly history: number;
  /** A start ends when distance / ‖g*‖² falls below this; 0 runs all calls. */
  readonly target: number;
}

export interface StartResult {
  readonly images: Float64Array;
  readonly labelLogits: Float64Array;
  readonly distance: number;
  readonly curve: LossCurve;
  readonly otherCurves: readonly LossCurve[];
  /** How each start ended, with its relative distance, for the notes. */
  readonly outcomes: { state: "matched" | "converged" | "stalled" | "diverged" | "calls used up"; relative: number }[];
  readonly iterations: number;
  readonly exhausted: boolean;
}

/** Share of ‖g*‖² below which a candidate counts as the origin of the gradient: later starts are not needed. */
const MATCHED = 1e-6;

/** What one start found. */
interface Run {
  readonly state: StartResult["outcomes"][number]["state"];
  /** Where it came, images followed by label logits in joint mode. */
  readonly point: Float64Array;
  readonly distance: number;
  readonly curve: LossCurve;
  readonly evaluations: number;
}

/**
 * Searches images, and label logits too when `matching` is in joint mode; `fixedLabels` are probabilities otherwise.
 * Throws the signal's reason on abort.
 */
export async function searchFromStarts(
  matching: Matching,
  fixedLabels: Float64Array | null,
  options: StartOptions,
  context: AttackContext,
  preview: (images: Float64Array) => Tensor,
): Promise<StartResult> {
  const { imageSize, labelSize, targetNorm } = matching;
  const { found, vain } = await searchStarts<Run>(
    matching,
    {
      starts: options.starts,
      iterations: options.calls,
      search: (start) => searchOnce(start, matching, fixedLabels, options, context, preview),
      isEnd: ({ distance }) => distance <= MATCHED * targetNorm,
    },
    context,
  );
  const runs = found.filter(({ evaluations }) => evaluations > 0);
  const nothing: Run = {
    state: "calls used up",
    point: new Float64Array(fixedLabels ? imageSize : imageSize + labelSize).fill(0.5, 0, imageSize),
    distance: Number.POSITIVE_INFINITY,
    curve: [],
    evaluations: 0,
  };
  const chosen = runs.reduce((best, run) => (run.distance < best.distance ? run : best), nothing);
  return {
    images: chosen.point.slice(0, imageSize),
    labelLogits: chosen.point.slice(imageSize),
    distance: chosen.distance,
    curve: chosen.curve,
    otherCurves: runs.filter((run) => run !== chosen).map(({ curve }) => curve),
    outcomes: runs.map(({ state, distance }) => ({ state, relative: distance / targetNorm })),
    iterations: [...runs, ...vain].reduce((sum, { evaluations }) => sum + evaluations, 0),
    exhausted: context.outOfTime(),
  };
}

async function searchOnce(
  { index, evaluate, isWanted, report }: Start,
  { imageSize, labelSize, targetNorm }: Matching,
  fixedLabels: Float64Array | null,
  { calls, lineSearch, history, target }: StartOptions,
  { random, signal, outOfTime }: AttackContext,
  preview: (images: Float64Array) => Tensor,
): Promise<Run> {
  const start = new Float64Array(fixedLabels ? imageSize : imageSize + labelSize);
  random.split("start", index).fillNormal(start, 0, 1);
  const goesOn = () => isWanted() && !outOfTime();
  const optimiser = createLbfgs(start, {
    lineSearch,
    history,
    gradientTolerance: 0,
    changeTolerance: 0,
    onIteration: goesOn,
  });
  const objective = async (point: Float64Array) => {
    signal.throwIfAborted();
    const step = await evaluate(point.subarray(0, imageSize), fixedLabels ?? point.subarray(imageSize));
    const gradient = new Float64Array(point.length);
    gradient.set(step.imageGradient);
    if (step.labelGradient) gradient.set(step.labelGradient, imageSize);
    return { value: step.objective, gradient };
  };

  const { best } = optimiser;
  const curve: { iteration: number; loss: number }[] = [];
  let state: Run["state"] = "calls used up";
  let evaluations = 0;
  for (let call = 0; call < calls && state === "calls used up" && goesOn(); call++) {
    const before = best.value;
    const told = await optimiser.step(objective);
    curve.push({ iteration: told.iterations, loss: best.value });
    evaluations = told.evaluations;
    report(call + 1, best.value, call % 5 === 0 ? () => preview(best.x.subarray(0, imageSize)) : undefined);
    if (best.value <= target * targetNorm) state = "matched";
    else if (told.state === "diverged" || told.state === "converged") state = told.state;
    else if (told.state === "stalled" && best.value === before) state = "stalled";
  }
  return { state, point: best.x, distance: best.value, curve, evaluations };
}
