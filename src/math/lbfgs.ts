// L-BFGS (Nocedal and Wright, Numerical Optimization, 2nd ed., algorithm 7.4) with the rules of PyTorch's
// torch.optim.LBFGS, whose trajectory it follows: spec/attacks-optimization.md 1.7. Unlike there, a non-finite
// objective ends the run, and the best point seen is kept.

import { createCurvature } from "./curvature.js";
import { type LinePoint, strongWolfe } from "./strong-wolfe.js";
import { addScaled, dot, maxAbs, sumAbs } from "./vector.js";

/**
 * Value and gradient at `x`. The optimiser owns `x`: read it, do not keep or change it. The gradient is copied, so an
 * objective may return the same array every time.
 */
export type Objective = (x: Float64Array) => Promise<{ value: number; gradient: Float64Array }>;

export interface LbfgsOptions {
  /** The step along the quasi-Newton direction, or the line search's first trial. Default 1. */
  readonly learningRate?: number;
  /** Inner iterations per call of `step`. Default 20. */
  readonly maxIterations?: number;
  /** Evaluations after which a call of `step` begins no new iteration. Default 1.25 maxIterations. */
  readonly maxEvaluations?: number;
  /** Curvature pairs kept. Default 100. */
  readonly history?: number;
  /** Converged when no gradient entry is larger. Default 1e-7; 0 asks for an exact zero. */
  readonly gradientTolerance?: number;
  /** Stalled when an iteration changes the value by less, or no coordinate by more. Default 1e-9; 0 switches it off. */
  readonly changeTolerance?: number;
  /** Default "none", full steps, as PyTorch and the DLG attack have it. */
  readonly lineSearch?: "none" | "strong-wolfe";
  /** Called before each inner iteration with the point it starts from; returning false ends the call of `step`. */
  readonly onIteration?: (info: LbfgsProgress) => unknown;
}

export interface LbfgsProgress {
  readonly value: number;
  /** The largest absolute entry of the gradient. */
  readonly gradientNorm: number;
  /** Inner iterations begun and evaluations made so far, over all calls. */
  readonly iterations: number;
  readonly evaluations: number;
}

/**
 * How a call of `step` ended; value and gradient are those of the last iterate that was evaluated. "running": limits
 * of the call reached. "stalled": the change tolerance was met or the direction does not descend; PyTorch's loops go
 * on calling, which is allowed and costs an evaluation or more. "diverged": a value or gradient was not finite; go on
 * from `best` with a new optimiser.
 */
export interface LbfgsReport extends LbfgsProgress {
  readonly state: "running" | "converged" | "stalled" | "diverged";
}

export interface Lbfgs {
  /** The current iterate, live. */
  readonly x: Float64Array;
  /** The evaluated point of lowest finite value, live; value Infinity and the start where there is none. */
  readonly best: { readonly x: Float64Array; readonly value: number };
  /** One call in PyTorch's sense: at most `maxIterations` iterations; the history lives on over calls. */
  step(objective: Objective): Promise<LbfgsReport>;
}

interface Point extends LinePoint {
  readonly gradient: Float64Array;
  readonly gradientNorm: number;
}

/** An optimiser that starts at a copy of `x0`. Throws RangeError for a history or iteration limit below 1. */
export function createLbfgs(x0: Float64Array, options: LbfgsOptions = {}): Lbfgs {
  const { learningRate = 1, maxIterations = 20, history = 100, gradientTolerance = 1e-7 } = options;
  const { changeTolerance = 1e-9, maxEvaluations = Math.floor(1.25 * maxIterations), lineSearch = "none" } = options;
  if (!(maxIterations >= 1 && history >= 1)) {
    throw new RangeError(`L-BFGS needs maxIterations and history >= 1, got ${maxIterations} and ${history}`);
  }
  const x = x0.slice();
  const trialX = x0.slice();
  const best = { x: x0.slice(), value: Number.POSITIVE_INFINITY };
  const curvature = createCurvature(x.length, history);
  const direction = new Float64Array(x.length);
  let previousGradient: Float64Array | undefined;
  let length = 0;
  let iterations = 0;
  let evaluations = 0;

  async function evaluate(objective: Objective, at: Float64Array, step: number): Promise<Point> {
    const { value, gradient } = await objective(at);
    evaluations++;
    if (gradient.length !== at.length) {
      throw new RangeError(`the objective of ${at.length} variables returned a gradient of ${gradient.length} entries`);
    }
    const gradientNorm = maxAbs(gradient);
    if (value < best.value && Number.isFinite(value) && Number.isFinite(gradientNorm)) {
      best.x.set(at);
      best.value = value;
    }
    return { step, value, slope: dot(gradient, direction), gradient: gradient.slice(), gradientNorm };
  }

  function turn(gradient: Float64Array): void {
    if (previousGradient) curvature.add(direction, length, gradient, previousGradient);
    curvature.descend(gradient, direction);
    length = iterations === 1 ? Math.min(1, 1 / sumAbs(gradient)) * learningRate : learningRate;
    previousGradient = gradient;
  }

  async function search(objective: Objective, from: Point): Promise<Point> {
    const minWidth = changeTolerance / maxAbs(direction);
    const along = (step: number) => {
      trialX.set(x);
      addScaled(trialX, step, direction);
      return evaluate(objective, trialX, step);
    };
    const { point } = await strongWolfe({ ...from, step: 0 }, length, along, { minWidth });
    length = point.step;
    addScaled(x, length, direction);
    return point;
  }

  async function step(objective: Objective): Promise<LbfgsReport> {
    const allowed = evaluations + maxEvaluations;
    let point = await evaluate(objective, x, 0);
    const progress = () => ({ value: point.value, gradientNorm: point.gradientNorm, iterations, evaluations });
    const report = (state: LbfgsReport["state"]): LbfgsReport => ({ ...progress(), state });
    const diverged = () => !Number.isFinite(point.value) || !Number.isFinite(point.gradientNorm);

    if (diverged()) return report("diverged");
    if (point.gradientNorm <= gradientTolerance) return report("converged");
    for (let inner = 1; ; inner++) {
      if (options.onIteration?.(progress()) === false) return report("running");
      iterations++;
      turn(point.gradient);
      const slope = dot(point.gradient, direction);
      if (!Number.isFinite(slope)) return report("diverged");
      if (slope > -changeTolerance || slope === 0) {
        length = 0;
        return report("stalled");
      }

      const before = point.value;
      if (lineSearch === "strong-wolfe") {
        point = await search(objective, { ...point, slope });
      } else {
        addScaled(x, length, direction);
        // The next call begins with an evaluation of this very point.
        if (inner === maxIterations) return report("running");
        point = await evaluate(objective, x, length);
      }
      if (diverged()) return report("diverged");
      if (point.gradientNorm <= gradientTolerance) return report("converged");
      if (maxAbs(direction) * length <= changeTolerance) return report("stalled");
      if (Math.abs(point.value - before) < changeTolerance) return report("stalled");
      if (inner === maxIterations || evaluations >= allowed) return report("running");
    }
  }

  return { x, best, step };
}
