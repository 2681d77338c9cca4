// Learning-rate schedules: the factor on the base rate as a function of the iteration.

const STEPS = [1, 0.1, 0.01, 0.001] as const;

/**
 * Multi-step decay of Inverting Gradients (Geiping et al. 2020): times 0.1 from 3/8, 5/8 and 7/8 of the run on.
 * `iteration` counts from 0 to `total` - 1.
 */
export function multiStepDecay(iteration: number, total: number): number {
  const eighths = (8 * iteration) / total;
  return STEPS[Number(eighths >= 3) + Number(eighths >= 5) + Number(eighths >= 7)]!;
}
