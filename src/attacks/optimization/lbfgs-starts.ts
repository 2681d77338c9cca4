// The search that DLG and iDLG share: L-BFGS on the gradient distance from several random starts. A start that diverges is dropped; among
// the others the one with the smallest gradient distance wins. The truth plays no part.
import { createLbfgs } from "../../math/lbfgs.js";
import type { Tensor } from "../../math/tensor.js";
import type { AttackContext } from "../define.js";
import type { Matching } from "./matching.js";

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
  readonly curve: { iteration: number; loss: number }[];
  /** How each start ended, with its relative distance, for the notes. */
  readonly outcomes: { state: "matched" | "converged" | "stalled" | "diverged" | "calls used up"; relative: number }[];
  readonly iterations: number;
  readonly exhausted: boolean;
}

/** Share of ‖g*‖² below which a candidate counts as the origin of the gradient: later starts are not needed. */
const MATCHED = 1e-6;

/**
 * Searches images, and label logits too when `matching` is in joint mode; `fixedLabels` are probabilities otherwise.
 * Throws the signal's reason on abort.
 */
export async function searchFromStarts(
  matching: Matching,
  fixedLabels: Float64Array | null,
  { starts, calls, lineSearch, history, target }: StartOptions,
  { random, signal, outOfTime, progress }: AttackContext,
  preview: (images: Float64Array) => Tensor,
): Promise<StartResult> {
  const { imageSize, labelSize, targetNorm } = matching;
  const joint = fixedLabels === null;
  let chosen: Omit<StartResult, "outcomes" | "iterations" | "exhausted"> | null = null;
  const outcomes: StartResult["outcomes"] = [];
  let iterations = 0;

  const objective = async (point: Float64Array) => {
    signal.throwIfAborted();
    const labels = joint ? point.subarray(imageSize) : fixedLabels;
    const step = await matching.evaluate(point.subarray(0, imageSize), labels);
    const gradient = new Float64Array(point.length);
    gradient.set(step.imageGradient);
    if (step.labelGradient) gradient.set(step.labelGradient, imageSize);
    return { value: step.objective, gradient };
  };

  for (let start = 0; start < starts && !outOfTime(); start++) {
    const point = new Float64Array(joint ? imageSize + labelSize : imageSize);
    random.split("start", start).fillNormal(point, 0, 1);
    const optimiser = createLbfgs(point, {
      lineSearch,
      history,
      gradientTolerance: 0,
      changeTolerance: 0,
      onIteration: () => !outOfTime(),
    });
    const curve: StartResult["curve"] = [];
    let state: StartResult["outcomes"][number]["state"] = "calls used up";
    let evaluations = 0;
    for (let call = 0; call < calls && !outOfTime(); call++) {
      const before = optimiser.best.value;
      const report = await optimiser.step(objective);
      curve.push({ iteration: report.iterations, loss: optimiser.best.value });
      evaluations = report.evaluations;
      progress({
        iteration: start * calls + call + 1,
        total: starts * calls,
        loss: optimiser.best.value,
        ...(call % 5 === 0 ? { image: preview(optimiser.best.x.subarray(0, imageSize)) } : {}),
      });
      if (optimiser.best.value <= target * targetNorm) state = "matched";
      else if (report.state === "diverged") state = "diverged";
      else if (report.state === "converged") state = "converged";
      else if (report.state === "stalled" && optimiser.best.value === before) state = "stalled";
      if (state !== "calls used up") break;
    }
    iterations += evaluations;
    const distance = optimiser.best.value;
    outcomes.push({ state, relative: distance / targetNorm });
    if (Number.isFinite(distance) && (chosen === null || distance < chosen.distance)) {
      const images = optimiser.best.x.slice(0, imageSize);
      chosen = { images, labelLogits: optimiser.best.x.slice(imageSize), distance, curve };
    }
    if (distance <= MATCHED * targetNorm) break;
  }
  if (chosen === null) {
    const images = new Float64Array(imageSize).fill(0.5);
    chosen = {
      images,
      labelLogits: new Float64Array(joint ? labelSize : 0),
      distance: Number.POSITIVE_INFINITY,
      curve: [],
    };
  }
  return { ...chosen, outcomes, iterations, exhausted: outOfTime() };
}
