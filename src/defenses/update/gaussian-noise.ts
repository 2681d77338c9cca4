// Gaussian noise on the clipped update, the plain baseline: spec/defenses.md section 2 (iii). It carries no privacy guarantee by itself.
import { z } from "zod";
import { mapUpdate, updateNorm } from "../../federated/update.js";
import { defineDefense } from "../define.js";

export default defineDefense({
  id: "gaussian-noise",
  title: "Gaussian noise",
  summary:
    "Clips the update to a norm and adds Gaussian noise to every coordinate. No accountant: epsilon is infinite.",
  source: "noise without an accountant, the baseline of breaching, Soteria and GGL (read in code)",
  at: "update",
  family: "baseline",
  stage: "perturbation",
  needs: [],
  randomness: "seeded",
  options: z.object({
    clip: z.number().gt(0).default(1).describe("largest Euclidean norm of the update"),
    sigma: z
      .number()
      .min(0)
      .default(0.1)
      .describe("standard deviation of the noise per coordinate, as a share of the clip norm"),
  }),
  advice:
    "clip every update and add Gaussian noise before it is sent (Opacus in PyTorch, local differential privacy in Flower)",
  inFrameworks: {
    Flower:
      "LocalDpMod(clipping_norm, sensitivity, epsilon, delta) among the ClientApp's mods clips the update and adds Gaussian noise",
    PyTorch:
      "Opacus: PrivacyEngine().make_private(…, noise_multiplier, max_grad_norm) clips every sample and adds noise at every step, not once per update",
    TensorFlow:
      "TensorFlow Privacy: DPKerasSGDOptimizer(l2_norm_clip, noise_multiplier, …) does so at every step, not once per update",
  },
  hooks: ({ clip, sigma }) => ({
    afterLocalTraining: (update, { random }) => {
      const scale = Math.min(1, clip / updateNorm(update));
      return mapUpdate(update, (value) => value * scale + sigma * clip * random.normal());
    },
  }),
});
