// What DLG and iDLG have in common: match one upload's gradient in L2 by L-BFGS from several starts and report how the starts ended.
import { z } from "zod";
import type { FloatArray } from "../../math/tensor.js";
import { oneHot } from "../../models/loss.js";
import type { BasicKnowledge, KnownDefense, ObservedRound } from "../../threat/observation.js";
import type { AttackContext, Control, Reconstruction } from "../define.js";
import type { RecoveredLabels } from "../labels/define.js";
import { type StartResult, searchFromStarts } from "./lbfgs-starts.js";
import { createMatching } from "./matching.js";
import { toPixels } from "./pixels.js";
import { saturationNote } from "./saturation.js";
import { startsAtOnce } from "./starts.js";

export const lbfgsOptions = z.object({
  lineSearch: z
    .enum(["strong-wolfe", "none"])
    .default("strong-wolfe")
    .describe("`none` is the authors' variant: about half of all starts diverge"),
  starts: z
    .int()
    .min(1)
    .default(8)
    .describe("random starts at most; the search ends when one matches the gradient (authors: 1)"),
  startsAtOnce,
  calls: z
    .int()
    .min(1)
    .default(300)
    .describe("optimiser calls per start, each of up to 20 inner iterations (authors: 300)"),
  target: z
    .number()
    .min(0)
    .default(1e-9)
    .describe("a start ends when its distance falls below this share of ‖g*‖²; 0 runs all calls"),
  history: z
    .int()
    .min(1)
    .default(100)
    .describe("curvature pairs that L-BFGS keeps; fewer are faster per step (authors: 100)"),
  precision: z
    .enum(["float64", "float32"])
    .default("float64")
    .describe("float32 is faster and ends some decibels earlier"),
});
export type LbfgsAttackOptions = z.infer<typeof lbfgsOptions>;

/** The case that both must win: a draw of LeNet that is inverted in seconds. */
export const lenetControl: Control<LbfgsAttackOptions> = {
  model: "lenet",
  batchSize: 1,
  seed: 11,
  options: { calls: 250, starts: 2, target: 1e-8, history: 20, precision: "float32" },
  bar: 30,
};

/** Runs the search. `labels` null optimises them jointly; otherwise they are fixed. */
export async function invertByLbfgs(
  round: ObservedRound,
  knowledge: BasicKnowledge,
  labels: RecoveredLabels | null,
  knownDefense: KnownDefense | undefined,
  options: LbfgsAttackOptions,
  context: AttackContext,
): Promise<Reconstruction> {
  const { model } = round.payload;
  const shape = [knowledge.batchSize, ...model.inputShape];
  const pixels = (images: FloatArray) => toPixels(images, shape, knowledge.normalization);
  const matching = await createMatching({
    backend: context.backend,
    dtype: options.precision,
    round,
    batchSize: knowledge.batchSize,
    distance: "l2",
    knownDefense,
    labels: labels ? "fixed" : "joint",
    restarts: Math.min(options.startsAtOnce, options.starts),
  });
  try {
    const fixed = labels ? oneHot(labels.values, model.classes) : null;
    const found = await searchFromStarts(matching, fixed, options, context, pixels);
    const jointLabels = { values: largestPerRow(found.labelLogits, model.classes), method: "labels/joint" };
    return {
      inputs: pixels(found.images),
      confidence: Array.from({ length: knowledge.batchSize }, () => -found.distance / matching.targetNorm),
      labels: labels ?? jointLabels,
      curve: found.curve,
      otherCurves: found.otherCurves,
      iterations: found.iterations,
      exhausted: found.exhausted,
      notes: [startsNote(found), ...saturationNote(round), ...(labels?.warning ? [labels.warning] : [])],
    };
  } finally {
    await matching.dispose();
  }
}

function largestPerRow(logits: Float64Array, classes: number): number[] {
  return Array.from({ length: logits.length / classes }, (_, row) => {
    const values = logits.subarray(row * classes, (row + 1) * classes);
    return values.indexOf(Math.max(...values));
  });
}

function startsNote({ outcomes }: StartResult): string {
  const told = outcomes.map(
    ({ state, relative }) => `${state} at distance ${Number.isFinite(relative) ? relative.toExponential(1) : "∞"}`,
  );
  return `${outcomes.length} start(s): ${told.join(", ")} (in units of ‖g*‖²)`;
}
