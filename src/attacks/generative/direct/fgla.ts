// FGLA: the last layer's gradient gives every image's features in one division, and a decoder learnt beforehand on surrogate pictures paints
// the image from them. No step of optimisation at attack time (Xue et al. 2023, code read; spec/attacks-generative.md 2.3).
import { z } from "zod";
import { type FloatArray, sizeOf, type Tensor, tensor } from "../../../math/tensor.js";
import type { Model, Weights } from "../../../models/define.js";
import { defineAttack } from "../../define.js";
import { batchLabels, labelOptions } from "../../labels/batch-labels.js";
import { toPixels } from "../../optimization/pixels.js";
import { type Decoder, trainDecoder } from "./fgla-decoder.js";
import { recoverFeatures } from "./fgla-features.js";

const options = z.object({
  trainingSteps: z
    .int()
    .min(1)
    .default(600)
    .describe("of the decoder, before the attack (authors: 30 epochs of ImageNet)"),
  trainingBatch: z.int().min(1).default(24),
  width: z
    .int()
    .min(8)
    .default(48)
    .describe("channels of the decoder at the size of the features; halved at every doubling"),
  offsets: z
    .boolean()
    .default(true)
    .describe("take the cross terms off, as absent classes show them; without, labels of a batch disturb each other"),
  ...labelOptions,
});

/** Both the emoji and the CIFAR-10 sample have batches of four distinct labels from here on. */
const DISTINCT = 163;

export default defineAttack({
  id: "fgla",
  title: "Fast Generation-Based Gradient Leakage",
  summary:
    "Reads features off the last layer's gradient and paints the images with a decoder learnt on surrogate pictures.",
  paper: {
    authors: "Xue, Yang, Ge, Li, Xu, Li",
    title: "Fast Generation-Based Gradient Leakage Attacks against Highly Compressed Gradients",
    year: 2023,
    venue: "IEEE INFOCOM",
    seedRef: 91,
    url: "https://ieeexplore.ieee.org/document/10229091",
  },
  category: "generative/direct",
  needs: ["updates", "basicKnowledge", "trainingDetails", "surrogateData"],
  works: { algorithms: ["FedSGD"], modalities: ["image"], maxBatch: 256 },
  options,
  control: { model: "convnet", classes: 100, batchSize: 1, seed: 1, options: { trainingSteps: 200 }, bar: 17 },
  proofs: [
    {
      id: "batch",
      claim:
        "convnet with 100 outputs, batch 4 with distinct labels: every image comes back as far as the decoder can paint it",
      quick: true,
      seeds: 4,
      setting: {
        model: "convnet",
        classes: 100,
        batchSize: 4,
        labels: "known",
        from: DISTINCT,
        data: { source: "emoji" },
        surrogate: { records: 1000 },
      },
      arms: { attack: { options: { trainingSteps: 150 } } },
      bars: [{ arm: "attack", metric: "psnr", over: { share: 0.75 }, op: ">=", value: 16, evidence: "measured" }],
    },
    {
      id: "top-k",
      claim: "convnet with 100 outputs, batch 1: sending 1 % of the update's entries takes at most 2 dB",
      seeds: 3,
      setting: {
        model: "convnet",
        classes: 100,
        batchSize: 1,
        labels: "known",
        records: 4,
        data: { source: "emoji" },
        surrogate: { records: 1000 },
      },
      arms: {
        attack: { options: { trainingSteps: 300 } },
        sparse: { options: { trainingSteps: 300 }, defense: { id: "top-k", options: { keep: 0.01 } } },
      },
      bars: [
        { arm: "attack", metric: "psnr", over: "mean", op: ">=", value: 18, evidence: "measured" },
        { arm: "sparse", minus: "attack", metric: "psnr", over: "mean", op: ">=", value: -2, evidence: "estimated" },
      ],
    },
  ],
  prepare: ({ payload, surrogate }, chosen, context) => trainDecoder(payload, surrogate.inputs, chosen, context),
  async run({ observation, prepared }, chosen, context) {
    const { updates, basicKnowledge, surrogateData } = observation;
    const round = updates.rounds[0]!;
    const { model, weights } = round.payload;
    const { batchSize, normalization } = basicKnowledge;
    const found = await batchLabels(observation, chosen, context);
    const labels = { values: [...found.values], method: found.method };
    const distinct = [...new Set(found.values)];
    const { weight, bias } = model.head;
    const sent = (name: string): Tensor => {
      const held = round.view.update.get(name);
      if (!held) throw new RangeError(`the observed update lacks the tensor "${name}" of model ${model.id}`);
      return held;
    };
    if (bias === undefined) {
      return {
        ...nothing(model),
        labels,
        notes: [
          "the last layer has no bias: its gradient does not tell features from their factors, so that nothing can be read off it",
        ],
      };
    }
    const stale = !sameBody(model, prepared.weights, weights);
    const decoder: Decoder = stale
      ? await trainDecoder(round.payload, surrogateData.inputs, chosen, context)
      : prepared;
    const gradient = { weight: sent(weight).data, bias: sent(bias).data };
    const features = recoverFeatures(gradient, distinct, batchSize, chosen);
    const images = await decoder.decode(features, context);
    const peak = distinct.map((label) => -gradient.bias[label]!);
    return {
      inputs: toPixels(images, [distinct.length, ...model.inputShape], normalization),
      confidence: peak,
      labels,
      curve: [],
      iterations: 0,
      exhausted: false,
      notes: [
        `decoder's error on surrogate pictures: ${decoder.error.toExponential(2)} per pixel, squared`,
        ...(stale ? ["the model has moved on since the decoder was learnt; another was learnt for these weights"] : []),
        ...(distinct.length < batchSize
          ? [`${batchSize} images have ${distinct.length} labels: images of one label come back as one mixture`]
          : []),
        ...(found.warning ? [found.warning] : []),
        ...crossTermsNote(gradient.bias, distinct, batchSize),
      ],
    };
  },
});

const nothing = ({ inputShape }: Model) => ({
  inputs: tensor([0, ...inputShape], new Float64Array(0)),
  confidence: [],
  curve: [],
  iterations: 0,
  exhausted: false,
});

/** From this deviation on, in means, absent classes tell the cross terms of present ones badly. */
const UNEVEN = 0.5;

/** What the last bias shows of how well a batch's images can be told apart: absent classes should all be about as likely. */
function crossTermsNote(bias: FloatArray, present: readonly number[], batchSize: number): string[] {
  if (batchSize === 1) return [];
  const absent = [...bias].filter((_, c) => !present.includes(c));
  if (absent.length === 0)
    return ["every class is in the batch: none is left to show how much the images disturb each other"];
  const mean = absent.reduce((sum, value) => sum + value, 0) / absent.length;
  const deviation = Math.sqrt(absent.reduce((sum, value) => sum + (value - mean) ** 2, 0) / absent.length);
  if (deviation <= UNEVEN * Math.abs(mean)) return [];
  return [
    `the model prefers some of the ${absent.length} absent classes (deviation ${(deviation / Math.abs(mean)).toPrecision(2)} of the mean): ` +
      "images of a batch disturb each other; this says nothing about single images or an earlier model",
  ];
}

/** Whether features mean the same: all tensors but the last layer's are equal. */
function sameBody({ head }: Model, one: Weights, other: Weights): boolean {
  return [...one].every(([name, { shape, data }]) => {
    if (name === head.weight || name === head.bias) return true;
    const held = other.get(name)?.data;
    return held !== undefined && held.length === sizeOf(shape) && held.every((value, i) => value === data[i]);
  });
}
