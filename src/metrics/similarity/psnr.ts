// Peak signal-to-noise ratio, 10 log10(1 / MSE) decibels on unit range (spec/metrics.md section 3.2).
// Capped at 120 dB so that JSON can hold it; capped pictures are marked exact, so that means can leave them out.
import { defineMetric, type MetricValue } from "../define.js";
import { scorePairs } from "../image.js";
import { meanSquaredError } from "./mse.js";

/** A mean squared error of 1e-12: far below one grey level (48 dB) and near what float32 attacks can reach at best. */
const CAP_DECIBELS = 120;

/** Decibels of a mean squared error on unit range; `exact` where the pictures are equal or the cap is exceeded. */
function decibelsOf(meanSquaredError: number): MetricValue {
  const decibels = 10 * Math.log10(1 / meanSquaredError);
  return decibels > CAP_DECIBELS ? { value: CAP_DECIBELS, exact: true } : { value: decibels };
}

export default defineMetric({
  id: "psnr",
  title: "Peak signal-to-noise ratio",
  source: "spec/metrics.md 3.2",
  unit: "dB",
  moreLeakage: "higher",
  range: [0, CAP_DECIBELS],
  needs: [],
  defaultVariant: "per-image",
  variants: {
    "per-image": {
      title: "each picture on its own, pixels in [0, 1], capped at 120 dB",
      score: (input) =>
        scorePairs(input, (reconstruction, original) => decibelsOf(meanSquaredError(reconstruction, original))),
    },
  },
});
