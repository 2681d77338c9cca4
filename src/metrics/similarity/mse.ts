// Mean squared error over all pixels and channels, range [0, 1] for clamped pictures (spec/metrics.md section 3.1).
import { defineMetric, type Image } from "../define.js";
import { scorePairs } from "../image.js";

/** Mean of the squared differences of two pictures of one size; NaN where a pixel is NaN. */
export function meanSquaredError(left: Image, right: Image): number {
  let sum = 0;
  for (let i = 0; i < left.data.length; i++) {
    const difference = left.data[i]! - right.data[i]!;
    sum += difference * difference;
  }
  return sum / left.data.length;
}

export default defineMetric({
  id: "mse",
  title: "Mean squared error",
  source: "spec/metrics.md 3.1",
  moreLeakage: "lower",
  range: [0, 1],
  needs: [],
  defaultVariant: "unit-range",
  variants: {
    "unit-range": {
      title: "pixels in [0, 1]",
      score: (input) =>
        scorePairs(input, (reconstruction, original) => ({ value: meanSquaredError(reconstruction, original) })),
    },
  },
});
