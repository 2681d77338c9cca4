// ATS, automatic transformation search (Gao et al., CVPR 2021; spec/defenses.md 15): every picture is cropped, flipped and led through one of
// the policies that a search found to hide pictures best (ats/search.ts). The default is the authors' for CIFAR-100 and ResNet-20.
import { z } from "zod";
import { defineDefense } from "../define.js";
import { transformPixels } from "./ats/pixels.js";
import { parsePolicies } from "./ats/policies.js";

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
  inFrameworks: {
    PyTorch:
      "no ready part; torchvision.transforms.v2.AutoAugment has such operations, but with policies that were searched for accuracy",
  },
  hooks: ({ policies: text, cropPadding, flip }) => {
    const policies = parsePolicies(text)!;
    const crop = { padding: cropPadding, flip };
    return {
      transformBatch: (batch, { random, normalization }) =>
        transformPixels(batch, normalization, policies, crop, random),
    };
  },
});
