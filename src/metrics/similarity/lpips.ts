// Learned perceptual image patch similarity 0.1 (Zhang et al., CVPR 2018) with the SqueezeNet trunk (spec/metrics.md section 3.4).
// Pictures of 0 to 1 are mapped to -1 to 1, as in the reference package; a grey picture counts as one with three equal channels.
import { defineMetric, type MetricValue, type MetricVariant, type ScoreInput } from "../define.js";
import { createMemory } from "../encode.js";
import { findDefects } from "../image.js";
import { perceptualVector, type Resolution, refusePicture, workingSize } from "../perceptual.js";
import { squaredDistance } from "../squared-distance.js";

/**
 * Unit vectors without negative entries differ by at most the sum of the two largest weights, 10.245 over the seven heads; pictures reach
 * little more than 1.
 */
const LARGEST = 10.25;

async function compare(input: ScoreInput, resolution: Resolution): Promise<MetricValue[]> {
  const vectorOf = createMemory(perceptualVector(resolution));
  const figures: MetricValue[] = [];
  for (const [pair, defect] of findDefects(input).entries()) {
    const [reconstruction, original] = [input.reconstructions[pair]!, input.originals[pair]!];
    const reason = defect ?? refusePicture(original, resolution);
    if (reason !== undefined) {
      figures.push({ value: null, reason });
      continue;
    }
    const [, height, width] = original.shape;
    figures.push({
      value: squaredDistance(await vectorOf(reconstruction), await vectorOf(original)),
      note: `compared at ${workingSize([height, width], resolution).join("x")} pixels`,
    });
  }
  return figures;
}

const variant = (title: string, resolution: Resolution) =>
  ({ title, score: (input) => compare(input, resolution) }) satisfies MetricVariant;

export default defineMetric({
  id: "lpips",
  title: "Learned perceptual image patch similarity",
  source: "Zhang et al. 2018; spec/metrics.md 3.4",
  moreLeakage: "lower",
  range: [0, LARGEST],
  needs: [],
  defaultVariant: "squeeze-v0.1@64",
  variants: {
    "squeeze-v0.1@64": variant("SqueezeNet 1.1, pictures with a side below 64 pixels scaled up to 64", "64"),
    "squeeze-v0.1@native": variant("SqueezeNet 1.1, pictures as they are", "native"),
  },
});
