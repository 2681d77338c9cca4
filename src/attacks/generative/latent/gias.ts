// GIAS: first the latents whose pictures explain the gradient, then, from there, a private copy of the generator's parameters for every image,
// which leaves the generator's range (Jeon et al. 2021, code read; spec/attacks-generative.md 2.4). The generator is learnt on surrogate pictures.
import { z } from "zod";
import { type FloatArray, tensor } from "../../../math/tensor.js";
import { type AttackContext, defineAttack } from "../../define.js";
import { type Generator, sampleLatents } from "../../generators/generator.js";
import { importGenerator } from "../../generators/import-generator.js";
import { principalComponents } from "../../generators/principal-components.js";
import { unitPictures } from "../../generators/unit-pictures.js";
import { trainVae } from "../../generators/vae.js";
import { batchLabels, labelOptions } from "../../labels/batch-labels.js";
import { saturationNote } from "../../optimization/saturation.js";
import { imitated } from "../../transforms/define.js";
import { type Found, searchVariables, type VariableSearch } from "./variable-search.js";

const options = z.object({
  generator: z
    .enum(["pca", "vae"])
    .default("pca")
    .describe(
      "`pca`: principal components of up to 512 surrogate pictures; `vae`: a small variational auto-encoder; surrogate.generator goes before both",
    ),
  latent: z.int().min(1).default(64).describe("numbers of a latent"),
  iterations: z.int().min(1).default(300).describe("steps of the latent stage (authors: 500 to 1,000)"),
  learningRate: z.number().gt(0).default(0.1).describe("of latents (authors: 3e-2)"),
  refinements: z
    .int()
    .min(0)
    .default(1000)
    .describe("steps of the parameter stage (authors: 5,000 to 8,000); 0 stays in the generator's range"),
  refinementRate: z.number().gt(0).default(3e-3).describe("learning rate of parameters (authors: 1e-3)"),
  tv: z.number().min(0).default(1e-2).describe("weight of total variation (authors: 1e-6; re-tune per model)"),
  restarts: z.int().min(1).default(1).describe("starts of the latent stage; the closest gradient goes on (authors: 3)"),
  trainingSteps: z.int().min(1).default(3000).describe("of `vae`, before the attack"),
  trainingBatch: z.int().min(1).default(16),
  ...labelOptions,
});

const vae = { generator: "vae", iterations: 300, trainingSteps: 1000 } as const;

export default defineAttack({
  id: "gias",
  title: "Gradient Inversion with Generative Image Prior",
  summary:
    "Searches a generator's latents for the images behind a gradient, then bends a copy of the generator for each.",
  paper: {
    authors: "Jeon, Kim, Lee, Oh, Ok",
    title: "Gradient Inversion with Generative Image Prior",
    year: 2021,
    venue: "NeurIPS",
    seedRef: 34,
    url: "https://arxiv.org/abs/2110.14962",
  },
  category: "generative/latent",
  needs: ["updates", "basicKnowledge", "trainingDetails", "surrogateData"],
  works: { algorithms: ["FedSGD"], modalities: ["image"], maxBatch: 16 },
  adaptsTo: imitated,
  options,
  control: {
    model: "convnet",
    batchSize: 1,
    seed: 1,
    options: { iterations: 100, refinements: 300 },
    bar: 20,
  },
  proofs: [
    {
      id: "two-stages",
      claim:
        "convnet, batch 1: parameters of the image's own take it out of the generator's range, closer to the eye than pixels alone with " +
        "as many evaluations",
      quick: true,
      seeds: 3,
      setting: { model: "convnet", batchSize: 1, labels: "known", from: 167 },
      arms: {
        attack: { options: { iterations: 100, refinements: 200 } },
        "latent-only": { options: { iterations: 100, refinements: 0 } },
        pixels: { attack: { id: "inverting-gradients", options: { iterations: 300, tv: 1e-2 } } },
      },
      bars: [
        {
          arm: "attack",
          minus: "latent-only",
          metric: "psnr",
          over: "mean",
          op: ">=",
          value: 3,
          evidence: "estimated",
        },
        { arm: "attack", minus: "pixels", metric: "lpips", over: "mean", op: "<=", value: 0, evidence: "estimated" },
      ],
    },
    {
      id: "batch",
      claim: "convnet, batch 2: the same with a variational auto-encoder as generator",
      seeds: 3,
      setting: { model: "convnet", batchSize: 2, labels: "known", from: 167, surrogate: { records: 1000 } },
      arms: {
        attack: { options: { ...vae, refinements: 600 } },
        "latent-only": { options: { ...vae, refinements: 0 } },
      },
      bars: [
        {
          arm: "attack",
          minus: "latent-only",
          metric: "psnr",
          over: "mean",
          op: ">=",
          value: 3,
          evidence: "estimated",
        },
      ],
    },
  ],
  async prepare({ surrogate, generator }, chosen, context): Promise<Generator> {
    if (generator) return importGenerator(generator);
    const { pictures } = unitPictures(surrogate.inputs);
    return chosen.generator === "pca"
      ? principalComponents(pictures, chosen.latent)
      : trainVae(pictures, chosen, context);
  },
  async run({ observation, prepared: generator }, chosen, context) {
    const { updates, basicKnowledge, knownDefense } = observation;
    const round = updates.rounds[0]!;
    const { batchSize } = basicKnowledge;
    const labels = await batchLabels(observation, chosen, context);
    const shared: Shared = {
      round,
      knowledge: basicKnowledge,
      labels: labels.values,
      knownDefense,
      tv: chosen.tv,
      total: chosen.restarts * chosen.iterations + chosen.refinements,
    };
    const starts: Found[] = [];
    for (let restart = 0; restart < chosen.restarts && !(starts.length > 0 && context.outOfTime()); restart++) {
      const start = sampleLatents(generator, batchSize, context.random.split("restart", restart));
      const stage = {
        steps: chosen.iterations,
        learningRate: chosen.learningRate,
        before: restart * chosen.iterations,
      };
      starts.push(await searchLatents(generator, start, { ...shared, ...stage }, context));
    }
    const first = starts.reduce((best, other) => (other.distance < best.distance ? other : best));
    const stage = {
      steps: chosen.refinements,
      learningRate: chosen.refinementRate,
      before: chosen.restarts * chosen.iterations,
    };
    const found =
      chosen.refinements > 0 && !context.outOfTime()
        ? await searchParameters(generator, first.values.get(LATENTS)!, { ...shared, ...stage }, context)
        : first;
    const steps = starts.reduce((sum, start) => sum + start.steps, 0) + (found === first ? 0 : found.steps);
    return {
      inputs: tensor([batchSize, ...round.payload.model.inputShape], found.images),
      confidence: Array.from({ length: batchSize }, () => -found.distance),
      labels: { values: labels.values, method: labels.method },
      curve: found === first ? first.curve : [...first.curve, ...found.curve],
      otherCurves: starts.filter((start) => start !== first).map(({ curve }) => curve),
      iterations: steps,
      exhausted: steps < shared.total && context.outOfTime(),
      notes: [
        `cosine distance ${first.distance.toExponential(2)} within the generator's range` +
          (found === first ? "" : `, ${found.distance.toExponential(2)} with parameters of each image's own`),
        ...saturationNote(round),
        ...(labels.warning ? [labels.warning] : []),
      ],
    };
  },
});

const LATENTS = "latents";

type Stage = Omit<VariableSearch, "held" | "variables" | "paint">;
type Shared = Omit<Stage, "steps" | "learningRate" | "before">;

/** The first stage: parameters as they were learnt. */
export const searchLatents = (
  generator: Generator,
  start: FloatArray,
  stage: Stage,
  context: Pick<AttackContext, "backend" | "signal" | "outOfTime" | "progress">,
): Promise<Found> =>
  searchVariables(
    {
      ...stage,
      held: generator.weights,
      variables: [{ name: LATENTS, shape: [start.length / generator.latent, generator.latent], start }],
      paint: (value) => generator.trace(value(LATENTS), value),
    },
    context,
  );

/** The second: latents stay, and every image has parameters of its own, [images, …] each. */
export function searchParameters(
  generator: Generator,
  latents: FloatArray,
  stage: Stage,
  context: Pick<AttackContext, "backend" | "signal" | "outOfTime" | "progress">,
): Promise<Found> {
  const images = latents.length / generator.latent;
  const variables = [...generator.weights].map(([name, { shape, data }]) => {
    const start = new Float32Array(images * data.length);
    for (let image = 0; image < images; image++) start.set(data, image * data.length);
    return { name, shape: [images, ...shape], start };
  });
  const held = new Map([[LATENTS, tensor([images, generator.latent], latents)]]);
  return searchVariables(
    { ...stage, held, variables, paint: (value) => generator.trace(value(LATENTS), value) },
    context,
  );
}
