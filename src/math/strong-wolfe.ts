// A line search for the strong Wolfe conditions: bracket, then zoom, with cubic interpolation (Nocedal and Wright,
// Numerical Optimization, 2nd ed., algorithms 3.5 and 3.6, eq. 3.59). The safeguards are those of PyTorch's
// torch.optim.LBFGS, so that trajectories agree; unlike there, a non-finite trial shortens the step.

/** A point of the function along the search line: its value and derivative at `step`. */
export interface LinePoint {
  readonly step: number;
  readonly value: number;
  readonly slope: number;
}

export interface StrongWolfeOptions {
  /** c1, the share of the predicted decrease that must be had. Default 1e-4. */
  readonly decrease?: number;
  /** c2, the share of the starting slope that may be left. Default 0.9. */
  readonly curvature?: number;
  /** Trials after the first one. Default 25. */
  readonly maxTrials?: number;
  /** The zoom ends when its interval of steps is narrower than this. Default 0. */
  readonly minWidth?: number;
}

export interface StrongWolfeResult<P extends LinePoint> {
  /** The point found; the lowest one known, perhaps `start` itself, when the conditions could not be met. */
  readonly point: P;
  readonly satisfied: boolean;
  readonly evaluations: number;
}

/**
 * Searches steps > 0 for a point with value <= start.value + c1 step start.slope and |slope| <= c2 |start.slope|.
 * `start` is the point of step 0 and must have a finite value and a negative slope, else RangeError.
 */
export async function strongWolfe<P extends LinePoint>(
  start: P,
  firstStep: number,
  evaluate: (step: number) => Promise<P>,
  { decrease = 1e-4, curvature = 0.9, maxTrials = 25, minWidth = 0 }: StrongWolfeOptions = {},
): Promise<StrongWolfeResult<P>> {
  if (!(start.slope < 0) || !Number.isFinite(start.value) || !(firstStep > 0)) {
    throw new RangeError(
      `a line search starts from a finite value, a negative slope and a positive step, got value ${start.value}, ` +
        `slope ${start.slope}, step ${firstStep}`,
    );
  }
  const tryStep = async (step: number): Promise<P> => {
    const point = await evaluate(step);
    const finite = Number.isFinite(point.value) && Number.isFinite(point.slope);
    return finite ? point : { ...point, value: Number.POSITIVE_INFINITY };
  };
  const tooHigh = (point: P) => point.value > start.value + decrease * point.step * start.slope;
  const flatEnough = (point: P) => Math.abs(point.slope) <= -curvature * start.slope;

  let trials = 0;
  let previous = start;
  let point = await tryStep(firstStep);
  const result = (found: P, satisfied: boolean) => ({ point: found, satisfied, evaluations: trials + 1 });

  for (;;) {
    if (trials === maxTrials) return result(start.value <= point.value ? start : point, false);
    // PyTorch compares with the previous trial from the third one on, the book from the second one.
    if (tooHigh(point) || (trials > 1 && point.value >= previous.value)) break;
    if (flatEnough(point)) return result(point, true);
    if (point.slope >= 0) break;
    const nearest = point.step + 0.01 * (point.step - previous.step);
    const next = cubicMinimum(previous, point, nearest, point.step * 10);
    previous = point;
    point = await tryStep(next);
    trials++;
  }

  let [low, high] = previous.value <= point.value ? [previous, point] : [point, previous];
  let hugging = false;
  while (trials < maxTrials) {
    const left = Math.min(low.step, high.step);
    const right = Math.max(low.step, high.step);
    const width = right - left;
    if (width < minWidth) break;
    let step = cubicMinimum(low, high, left, right);
    // A second trial in a row that hugs an end of the interval, or one right on it, is moved a tenth inside.
    const margin = 0.1 * width;
    const near = Math.min(right - step, step - left) < margin;
    const move: boolean = near && (hugging || step >= right || step <= left);
    if (move) step = right - step < step - left ? right - margin : left + margin;
    hugging = near && !move;

    const trial = await tryStep(step);
    trials++;
    if (tooHigh(trial) || trial.value >= low.value) {
      [low, high] = trial.value < low.value ? [trial, low] : [low, trial];
    } else {
      if (flatEnough(trial)) return result(trial, true);
      if (trial.slope * (high.step - low.step) >= 0) high = low;
      low = trial;
    }
  }
  return result(low, false);
}

/**
 * The minimiser, kept within [from, to], of the cubic through both points and slopes; the middle of [from, to] where
 * the cubic has none or a point is not finite.
 */
export function cubicMinimum(p: LinePoint, q: LinePoint, from: number, to: number): number {
  const [a, b] = p.step <= q.step ? [p, q] : [q, p];
  const d1 = a.slope + b.slope - (3 * (a.value - b.value)) / (a.step - b.step);
  const d2 = Math.sqrt(d1 ** 2 - a.slope * b.slope);
  const step = b.step - (b.step - a.step) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2));
  return Number.isFinite(step) ? Math.min(Math.max(step, from), to) : (from + to) / 2;
}
