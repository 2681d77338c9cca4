// Fishing for User Data: the server rewrites the last layer until the gradient of a large batch is that of one sample, then inverts it like a batch of
// one. First a class with a single sample; where there is none, cuts of a feature. Ours halves by counts and takes differences of cuts, which need
// no class to be alone; a cut stands at a value of the feature, free of the published bias.
import { z } from "zod";
import { tensor } from "../../../math/tensor.js";
import type { Answer } from "../../../threat/observation.js";
import { type Attack, defineAttack } from "../../define.js";
import invertingGradients from "../../optimization/basic/inverting-gradients.js";
import { fishingProofs } from "./fishing-proofs.js";
import { nextStep, rewriteHead, type Tackle } from "./fishing-queries.js";
import { isolatedRound } from "./isolated-gradient.js";

const options = z.object({
  weight: z.number().gt(0).default(0.5).describe("of every feature in the target class's row (authors: 0.5)"),
  bias: z.number().gt(0).default(1000).describe("of all other classes in a class query (authors: 1000)"),
  others: z
    .number()
    .min(0)
    .max(1)
    .default(0.02)
    .describe(
      "weight in a cut of all features but the one with the largest mean (authors: 0; then the gradient shows only the part of the picture that this feature looks at)",
    ),
  sharpness: z
    .number()
    .gt(0)
    .default(1e5)
    .describe("of a cut, in logits per mean of what it weighs (authors: a weight of 300, whatever the features' size)"),
  queries: z.int().min(2).default(16).describe("of one client at most, the honest one too"),
  iterations: z.int().min(1).default(1000).describe("of the inversion: signed Adam on the cosine distance"),
  tv: z
    .number()
    .min(0)
    .default(3e-3)
    .describe("weight of total variation in the inversion (authors: 0.2 on larger nets)"),
  restarts: z.int().min(1).default(1).describe("independent starts of the inversion"),
});

type Inversion = Parameters<Attack["run"]>[0];

export default defineAttack({
  id: "fishing",
  title: "Fishing for User Data",
  summary:
    "A malicious server rewrites the last layer, query by query, until a large batch answers with the gradient of one image, which is then inverted.",
  paper: {
    authors: "Wen, Geiping, Fowl, Goldblum, Goldstein",
    title: "Fishing for User Data in Large-Batch Federated Learning via Gradient Magnification",
    year: 2022,
    venue: "ICML",
    seedRef: 84,
    url: "https://arxiv.org/abs/2202.00580",
  },
  category: "analytic/sparsification",
  needs: ["updates", "basicKnowledge", "activeManipulation"],
  works: { algorithms: ["FedSGD"], modalities: ["image"], maxBatch: 256 },
  options,
  control: { model: "lenet-wide", batchSize: 16, seed: 1, options: { iterations: 600 }, bar: 20 },
  proofs: fishingProofs,
  async arm({ payload, basicKnowledge: { batchSize } }, chosen) {
    const secret: Tackle = { ...chosen, batchSize };
    /** Every round has a batch of its own, and so a search of its own. */
    const own = (history: readonly Answer[], round: number | undefined, client: number) =>
      history.filter((answer) => answer.client === client && answer.round === round);
    return {
      secret,
      payload(round, client, history) {
        const step = nextStep(own(history, round, client), secret);
        return "ask" in step ? rewriteHead(payload, step.ask, secret) : payload;
      },
      done(history, client) {
        const answers = own(history, history.at(-1)?.round, client);
        return answers.length === 0 || !("ask" in nextStep(answers, secret));
      },
    };
  },
  async run({ observation: { updates, basicKnowledge }, secret }, { iterations, tv, restarts }, context) {
    const { model } = updates.rounds[0]!.payload;
    const step = nextStep(updates.rounds, secret);
    if (!("caught" in step)) {
      const why = "failed" in step ? step.failed : "the client was not asked again";
      return {
        inputs: tensor([0, ...model.inputShape], new Float64Array(0)),
        ...{ confidence: [], curve: [], iterations: 0, exhausted: false },
        notes: [`after ${updates.rounds.length} queries: ${why}`],
      };
    }
    const { target, below } = step.caught;
    const alone = {
      updates: { rounds: [isolatedRound(step.caught, secret.batchSize)] },
      basicKnowledge: { ...basicKnowledge, batchSize: 1 },
      labels: [target],
    } as unknown as Inversion["observation"];
    const how = invertingGradients.options.parse({ iterations, tv, restarts });
    // The label that it is given is the rewritten model's, not the image's.
    const { labels: _, ...found } = await invertingGradients.run(
      { observation: alone, prepared: undefined, secret: undefined },
      how,
      context,
    );
    const where = below ? "between two cuts of the features" : `alone in class ${target}`;
    return { ...found, notes: [`isolated ${where} after ${updates.rounds.length} queries`, ...found.notes] };
  },
});
