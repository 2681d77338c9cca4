// Soteria (Sun et al., CVPR 2021; spec/defenses.md 8): of one fully connected layer's gradient, the columns are zeroed whose features give the
// input away most, ‖∂r_j/∂x‖ / |r_j| smallest. Ranked by size and to an exact count; `compat` has the authors' signed ratio and percentile.
import { z } from "zod";
import type { InputJacobian, Update } from "../../federated/hooks.js";
import { tensor } from "../../math/tensor.js";
import { defineDefense } from "../define.js";

/** Beside |r|, so that a dead feature does not divide by zero (GGL's and CENSOR's ports). */
const BESIDE_FEATURE = 1e-10;

/** Σ over samples of ‖∂r_j/∂x‖ / r_j for every feature j: the smaller, the more the feature tells of the input. */
function scoresOf(samples: readonly InputJacobian[], signed: boolean): Float64Array {
  const scores = new Float64Array(samples[0]?.features.length ?? 0);
  for (const { features, rowNorms } of samples) {
    for (let j = 0; j < scores.length; j++) {
      const feature = signed ? features[j]! : Math.abs(features[j]!) + BESIDE_FEATURE;
      scores[j]! += rowNorms[j]! / feature;
    }
  }
  return scores;
}

/** Exactly floor(percent·F/100) features of the smallest score; ties go to the lower index. */
function smallest(scores: Float64Array, percent: number): Set<number> {
  const count = Math.floor((percent * scores.length) / 100 + 1e-9);
  const order = Array.from(scores, (_, j) => j).sort((a, b) => scores[a]! - scores[b]! || a - b);
  return new Set(order.slice(0, count));
}

/** Features whose |score| is below the percentile of the signed scores, interpolated as NumPy's; what is no number stays. */
function belowPercentile(scores: Float64Array, percent: number): Set<number> {
  const sorted = scores.slice().sort();
  const place = (percent / 100) * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
  const threshold = low === high ? low : low + (high - low) * (place - Math.floor(place));
  return new Set(Array.from(scores, (_, j) => j).filter((j) => Math.abs(scores[j]!) < threshold));
}

/** The gradient with the columns of that tensor [outputs, features] set to zero. */
function withoutColumns(gradient: Update, name: string, columns: ReadonlySet<number>): Update {
  return new Map(
    [...gradient].map(([each, { shape, data }]) => {
      if (each !== name) return [each, { shape, data }];
      const width = shape[1]!;
      return [
        each,
        tensor(
          shape,
          data.map((value, i) => (columns.has(i % width) ? 0 : value)),
        ),
      ];
    }),
  );
}

export default defineDefense({
  id: "soteria",
  title: "Soteria",
  summary:
    "Drops from one layer's gradient the features that give most of the input away; every other tensor is sent as it is.",
  source: "Sun et al., CVPR 2021 (arXiv 2012.06043); ratio and threshold read in code: jeremy313/Soteria",
  at: "update",
  family: "heuristic",
  stage: "perturbation",
  needs: ["inputJacobian"],
  randomness: "none",
  options: z.object({
    percent: z
      .number()
      .min(0)
      .max(100)
      .default(60)
      .describe("share of features that is dropped (authors: 1 against DLG, 60 against Inverting Gradients)"),
    layer: z.string().optional().describe("weight of the layer, such as fc1.weight; the last one where none is named"),
    compat: z
      .boolean()
      .default(false)
      .describe("the authors' signed ratio and percentile, ill-defined where features are negative or 0"),
  }),
  advice: "prune the most telling features of a layer's gradient; whoever leaves that layer out gets around it",
  traits: ({ layer }) => (layer === undefined ? {} : { jacobianAt: layer }),
  hooks: ({ percent, layer, compat }) => ({
    insideBackward: (gradient, { inputJacobian = [], payload }) => {
      // Nobody was drawn: the gradient is zero and has nothing to hide.
      if (inputJacobian.length === 0) return gradient;
      const scores = scoresOf(inputJacobian, compat);
      const dropped = compat ? belowPercentile(scores, percent) : smallest(scores, percent);
      return withoutColumns(gradient, layer ?? payload.model.head.weight, dropped);
    },
  }),
});
