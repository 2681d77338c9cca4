// R-GAP: one image from the gradient of a net without biases, layer by layer from the last to the first; every layer is a linear system (Zhu and
// Blaschko 2021; spec/attacks-analytic.md 2.1). Ours takes softmax heads, brackets the roots, and solves by LSQR.
import { z } from "zod";
import { lsqrSteps } from "../../../math/lsqr.js";
import { type AttackContext, defineAttack } from "../../define.js";
import { modelRange, toPixels } from "../../optimization/pixels.js";
import { convolutionEquations, deficit, visitProducts } from "./convolution-equations.js";
import { type ConvolutionStep, invertibleChain } from "./invertible-chain.js";
import { headRoots, type Root } from "./logit-scale.js";

const options = z.object({
  iterations: z.int().min(1).default(3000).describe("of LSQR, at most, for each layer"),
  tolerance: z.number().gt(0).default(1e-10).describe("relative residual at which LSQR stops"),
  rootTolerance: z
    .number()
    .gt(0)
    .default(1e-3)
    .describe("roots whose residual at the head is above it are no solutions"),
});

/** Roots tried, each with a recursion of its own. */
const ROOTS = 4;
const PAUSE = 20;

type Seen = { readonly weight: (name: string) => Float64Array; readonly gradient: (name: string) => Float64Array };

export default defineAttack({
  id: "r-gap",
  title: "R-GAP",
  summary:
    "Solves the linear equations that each layer's gradient and weights put on its input, from the last layer to the image.",
  paper: {
    authors: "Zhu, Blaschko",
    title: "R-GAP: Recursive Gradient Attack on Privacy",
    year: 2021,
    venue: "ICLR",
    seedRef: 108,
    url: "https://arxiv.org/abs/2010.07733",
  },
  category: "analytic/closed-form",
  needs: ["updates", "basicKnowledge"],
  works: { algorithms: ["FedSGD"], modalities: ["image"], maxBatch: 1 },
  options,
  control: { model: "cnn6", batchSize: 1, seed: 1, options: {}, bar: 45 },
  proofs: [
    {
      id: "cnn6",
      claim: "cnn6 at 32×32, float32 gradients: the image to 60 dB without a step on pixels",
      seeds: 3,
      setting: { model: "cnn6", batchSize: 1, labels: "recovered" },
      arms: { attack: {} },
      bars: [
        { arm: "attack", metric: "psnr", over: "worst", op: ">=", value: 45, evidence: "estimated" },
        { arm: "attack", metric: "psnr", over: "worst", op: ">=", value: 60, evidence: "measured" },
      ],
    },
  ],
  async run({ observation: { updates, basicKnowledge } }, chosen, context) {
    const { payload, view } = updates.rounds[0]!;
    const { model, weights } = payload;
    const seen: Seen = {
      weight: (name) => Float64Array.from(weights.get(name)!.data),
      gradient: (name) => Float64Array.from(view.update.get(name)!.data),
    };
    const steps = invertibleChain(model);
    const notes = steps
      .filter((step) => deficit(step) > 0)
      .map((step) => `${step.name}: at least ${deficit(step)} directions of its input are out of reach`);
    const head = model.head.weight;
    const roots = headRoots(seen.weight(head), seen.gradient(head), model.classes).filter(
      ({ residual }) => residual <= chosen.rootTolerance,
    );
    const tried: { readonly image: Float64Array; readonly misfit: number; readonly root: Root }[] = [];
    let spent = 0;
    for (const root of roots.slice(0, ROOTS)) {
      const solved = await recurse(root, seen.weight(head), steps, seen, chosen, context);
      if (!solved) break;
      const { image, iterations, residual } = solved;
      spent += iterations;
      const outside = image.filter((value, i) => {
        const [low, high] = modelRange(basicKnowledge, Math.floor(i / (image.length / model.inputShape[0])));
        return value < low - 0.05 * (high - low) || value > high + 0.05 * (high - low);
      });
      // Normalised pictures have a mean square of 1, raw ones about a third.
      const square = image.reduce((sum, value) => sum + value ** 2, 0) / image.length;
      const strange = Math.abs(Math.log(square * (basicKnowledge.normalization ? 1 : 3)));
      tried.push({ image, root, misfit: outside.length / image.length + 0.01 * strange + residual });
      notes.push(
        `label ${root.label}, length ${Math.hypot(...root.features).toPrecision(6)}: relative residual ${residual.toExponential(1)}, ` +
          `${((100 * outside.length) / image.length).toFixed(1)} % outside the pixel range`,
      );
    }
    const best = tried.sort((a, b) => a.misfit - b.misfit)[0];
    const shape = [best ? 1 : 0, ...model.inputShape];
    return {
      inputs: toPixels(best?.image ?? new Float64Array(0), shape, basicKnowledge.normalization),
      confidence: best ? [-best.misfit] : [],
      ...(best ? { labels: { values: [best.root.label], method: "sign of the head's gradient" } } : {}),
      curve: [],
      iterations: spent,
      exhausted: context.outOfTime(),
      notes: best ? notes : [...notes, "no length of the features explains the head's gradient"],
    };
  },
});

/** Steps 3 to 5: from what the head read back to the image. */
async function recurse(
  root: Root,
  head: Float64Array,
  steps: readonly ConvolutionStep[],
  seen: Seen,
  limits: { readonly iterations: number; readonly tolerance: number },
  context: AttackContext,
) {
  let x = root.features;
  let upstream = Float64Array.from(x, (_, i) => root.delta.reduce((sum, d, c) => sum + d * head[c * x.length + i]!, 0));
  let [spent, residual] = [0, 0];
  for (const step of steps) {
    const slopes = x.map((value) => (value < 0 ? step.slope : 1));
    const k = upstream.map((value, i) => value * slopes[i]!);
    const weight = seen.weight(step.name);
    const output = x.map((value, i) => value / slopes[i]!);
    const { matrix, right } = convolutionEquations(step, weight, seen.gradient(step.name), k, output);
    const running = lsqrSteps(matrix, right, limits);
    let state = running.next();
    for (let i = 1; !state.done; i++, state = running.next()) {
      if (i % PAUSE > 0) continue;
      context.progress({ iteration: spent + i, total: steps.length * limits.iterations, loss: state.value });
      await new Promise((resolve) => setTimeout(resolve, 0));
      context.signal.throwIfAborted();
      if (context.outOfTime()) return null;
    }
    x = state.value.x;
    spent += state.value.iterations;
    residual = Math.max(residual, state.value.residual);
    upstream = new Float64Array(x.length);
    visitProducts(step, (w, i, o) => {
      upstream[i]! += weight[w]! * k[o]!;
    });
  }
  return { image: x, iterations: spent, residual };
}
