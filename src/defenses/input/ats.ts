// ATS, automatic transformation search (Gao et al., CVPR 2021; spec/defenses.md 15): every picture is cropped, flipped and led through one of
// the policies that a search found to hide pictures best (ats/search.ts). The default is the authors' for CIFAR-100 and ResNet-20.
import { z } from "zod";
import type { ImageShape } from "../../data/dataset.js";
import type { Normalization } from "../../data/normalization.js";
import type { FloatArray } from "../../math/tensor.js";
import { tensor } from "../../math/tensor.js";
import { defineDefense } from "../define.js";
import type { Picture } from "./ats/operations.js";
import { applyPolicy, cropAndFlip, parsePolicies } from "./ats/policies.js";

/** One sample as the model sees it, as bytes, and back. */
const scaleOf = ([, height, width]: ImageShape, normalization: Normalization | null) => {
  const channel = (position: number) => Math.floor(position / (height * width));
  const mean = (position: number) => normalization?.mean[channel(position)] ?? 0;
  const deviation = (position: number) => normalization?.deviation[channel(position)] ?? 1;
  return {
    toByte: (value: number, i: number) => Math.round(255 * Math.max(0, Math.min(1, value * deviation(i) + mean(i)))),
    fromByte: (byte: number, i: number) => (byte / 255 - mean(i)) / deviation(i),
  };
};

export default defineDefense({
  id: "ats",
  title: "ATS",
  summary: "Trains on pictures that were led through augmentations chosen to hide them.",
  source: "Gao et al., CVPR 2021 (arXiv 2011.12505), library and policy read in code: gaow0007/ATSPrivacy",
  at: "input",
  family: "heuristic",
  stage: "data",
  needs: [],
  randomness: "seeded",
  options: z.object({
    policies: z
      .string()
      .refine((text) => parsePolicies(text) !== null, "policies are library entries 0 to 49, such as 3-1-7+43-18-18")
      .default("3-1-7+43-18-18")
      .describe(
        "policies of library entries, of which every picture gets one (CIFAR-100, ResNet-20: 3-1-7+43-18-18; CIFAR-10 in DCS-2: 21-13-3+7-4-15)",
      ),
    cropPadding: z
      .int()
      .min(0)
      .default(4)
      .describe("largest shift of the crop before a policy, in pixels (authors: 4)"),
    flip: z.boolean().default(true).describe("mirror every second picture before a policy, as the authors do"),
  }),
  advice: "search for augmentations that hide your pictures and train on those; early rounds stay exposed",
  hooks: ({ policies: text, cropPadding, flip }) => {
    const policies = parsePolicies(text)!;
    return {
      transformBatch: (batch, { random, normalization }) => {
        const { shape, data } = batch.inputs;
        const image = shape.slice(1) as unknown as ImageShape;
        const size = image[0] * image[1] * image[2];
        const { toByte, fromByte } = scaleOf(image, normalization);
        const after = new Float64Array(data.length);
        batch.labels.forEach((_, row) => {
          const pixels: FloatArray = data.subarray(row * size, (row + 1) * size);
          const picture: Picture = { shape: image, bytes: Uint8Array.from(pixels, toByte) };
          const seen = cropAndFlip(picture, cropPadding, flip, random);
          const changed = applyPolicy(seen, policies[random.integer(policies.length)]!, random);
          after.set(Float64Array.from(changed.bytes, fromByte), row * size);
        });
        return { ...batch, inputs: tensor(shape, after) };
      },
    };
  },
});
