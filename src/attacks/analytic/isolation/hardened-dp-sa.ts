// The attack on secure aggregation with distributed noise of Boenisch et al., reconstructed from its abstract and from a remark in the paper on
// trap weights (spec/attacks-analytic.md 4.1): the server puts one client among clients of its own, who send zeros without noise, so that the
// sum is that client's update with its share of the noise alone. Trap weights show each picture in many rows, which averages that out.
import { z } from "zod";
import { sizeOf, tensor } from "../../../math/tensor.js";
import { defineAttack } from "../../define.js";
import { toPixels } from "../../optimization/pixels.js";
import { claimHits, imageRange } from "../hits.js";
import { mergeRows, noiseOf } from "../redundant-rows.js";
import { firstDense, setTraps, type TrapNames } from "../trap-layer.js";
import { drawTrapRows, tuneFactor } from "../trap-rows.js";
import { hardenedProofs } from "./hardened-dp-sa-proofs.js";

/** Of the trap weights (authors). */
const DEVIATION = 0.5;

const options = z.object({
  sybils: z
    .int()
    .min(0)
    .default(9)
    .describe("clients of the server's own beside the one under attack; 0: the cohort stays as it was drawn"),
  rows: z
    .int()
    .min(2)
    .default(1000)
    .describe("trap rows in front of a model whose first layer is not fully connected; else that layer's own"),
  factor: z
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .describe("of the traps' positive half (authors: 0.95 for CIFAR-10); default: tuned on surrogate pictures"),
  merge: z.boolean().default(true).describe("average all rows that show the same picture, not just the strongest"),
  threshold: z
    .number()
    .gt(0)
    .default(1e-6)
    .describe("rows with a smaller share of the largest bias gradient count as empty, besides those below the noise"),
});

export default defineAttack({
  id: "hardened-dp-sa",
  title: "Hardened FL with DP and SA",
  summary:
    "Reconstructed method. A malicious server surrounds one client with sybils, so that neither secure aggregation nor shared noise covers it, and sends trap weights.",
  paper: {
    authors: "Boenisch, Dziedzic, Schuster, Shamsabadi, Shumailov, Papernot",
    title:
      "Reconstructing Individual Data Points in Federated Learning Hardened with Differential Privacy and Secure Aggregation",
    year: 2023,
    venue: "IEEE EuroS&P",
    seedRef: 7,
    url: "https://arxiv.org/abs/2301.04017",
  },
  category: "analytic/isolation",
  needs: ["updates", "basicKnowledge", "trainingDetails", "surrogateData", "activeManipulation", "clientSelection"],
  works: { algorithms: ["FedSGD"], modalities: ["image"], maxBatch: 100 },
  options,
  control: { model: "mlp-wide", batchSize: 4, seed: 1, options: {}, bar: 60 },
  proofs: hardenedProofs,
  async prepare({ surrogate }) {
    return surrogate;
  },
  async arm({ payload, prepared: { inputs, labels }, basicKnowledge }, chosen, { random }) {
    const { model } = payload;
    const size = sizeOf(model.inputShape);
    const traps = drawTrapRows(firstDense(model)?.rows ?? chosen.rows, size, DEVIATION, random.split("traps"));
    const pixels = toPixels(inputs.data, [labels.length, ...model.inputShape], basicKnowledge.normalization).data;
    const factor =
      chosen.factor ?? tuneFactor(traps, pixels, labels.length, basicKnowledge.batchSize, random.split("tuning"));
    const armed = setTraps(payload, traps, factor, basicKnowledge.normalization);
    const secret: TrapNames & { readonly factor: number } = { weight: armed.weight, bias: armed.bias, factor };
    const nothing = new Map(
      armed.payload.model.parameters.map(({ name, shape }) => [name, tensor(shape, new Float32Array(sizeOf(shape)))]),
    );
    // As many samples as others have, so that the sum's weights look as they should.
    const sybil = { kind: "sends", update: nothing, samples: basicKnowledge.batchSize } as const;
    return {
      secret,
      payload: () => armed.payload,
      ...(chosen.sybils > 0 && {
        cohort: (round: number, pool: readonly number[]) => [pool[round % pool.length]!],
        sybils: () => Array.from({ length: chosen.sybils }, () => sybil),
      }),
    };
  },
  async run({ observation: { updates, basicKnowledge, clientSelection }, secret }, { merge, threshold }) {
    const round = updates.rounds[0]!;
    const { update } = round.view;
    const [weight, bias] = [update.get(secret.weight)!.data, update.get(secret.bias)!.data];
    const noise = noiseOf(weight, bias.length);
    const range = imageRange(basicKnowledge, round.payload.model.inputShape);
    const hits = mergeRows(weight, bias, noise, { range, threshold, merge });
    const cohort = clientSelection.rounds.find((each) => each.round === round.round);
    const strongest = hits[0]?.strength ?? 1;
    const claimed = claimHits(
      hits.map(({ input, strength }) => ({ input, validity: strength / strongest })),
      round,
      basicKnowledge,
      [
        "reconstructed method: written from the paper's abstract",
        `${hits.length} candidates from ${hits.reduce((sum, { rows }) => sum + rows, 0)} of ${bias.length} trap rows at factor ${secret.factor}; ` +
          `noise of deviation ${noise.toPrecision(2)} on each entry`,
        `${cohort?.sybils.length ?? 0} of ${cohort?.cohort.length ?? 0} clients in the round were the server's own`,
      ],
    );
    return claimed;
  },
});
