// Differential privacy at the client (spec/defenses.md section 2): `sample` clips and noises in every local step (DP-SGD, Abadi et al. 2016;
// Fed-CDP, Wei et al., ICDCS 2021), `update` does so to the upload once (local DP). Noise without accounting is the baseline gaussian-noise.
import { z } from "zod";
import type { BackwardContext, Update } from "../../federated/hooks.js";
import { mapUpdate, weightedSum, zeroUpdate } from "../../federated/update.js";
import type { Random } from "../../math/random.js";
import { clipTensors, clipUpdate } from "../clip.js";
import { defineDefense } from "../define.js";
import { guarantee } from "../guarantee.js";

const options = z.object({
  mode: z
    .enum(["sample", "update"])
    .default("sample")
    .describe("clip and noise the gradient of every sample in every local step, or the update before it is sent"),
  clip: z.number().gt(0).default(4).describe("largest Euclidean norm of a sample's gradient, or of the update"),
  clipping: z
    .enum(["flat", "layer"])
    .default("flat")
    .describe("clip as a whole (Opacus), or every tensor to that norm by itself (Fed-CDP)"),
  noiseMultiplier: z
    .number()
    .min(0)
    .default(1)
    .describe("standard deviation of the noise over the clip norm (Fed-CDP's file: 0.5, its results: 6)"),
  sampling: z
    .enum(["epochs", "poisson"])
    .default("epochs")
    .describe("batches as the federation draws them, or every sample by itself with batchSize / samples"),
  delta: z.number().gt(0).lt(1).default(1e-5).describe("of the guarantee"),
});
type Options = z.infer<typeof options>;

const BATCH = "expected batch size";

const clipped = ({ clip, clipping }: Options, update: Update): Update =>
  clipping === "layer" ? clipTensors(update, clip) : clipUpdate(update, clip);

function noised(update: Update, deviation: number, random: Random): Update {
  return deviation === 0 ? update : mapUpdate(update, (value) => value + deviation * random.normal());
}

/** Mean of the clipped gradients of all samples, with noise; over the expected number of samples where it is drawn. */
function privateGradient(chosen: Options, { perSample, payload, memory, random }: BackwardContext): Update {
  const gradients = perSample!;
  const size = (memory.get(BATCH) as number | undefined) ?? gradients.length;
  const mean =
    gradients.length === 0
      ? zeroUpdate(payload.model)
      : weightedSum(
          gradients.map((gradient) => clipped(chosen, gradient)),
          gradients.map(() => 1 / size),
        );
  return noised(mean, (chosen.noiseMultiplier * chosen.clip) / size, random);
}

export default defineDefense({
  id: "client-dp",
  title: "Differential privacy at the client",
  summary:
    "Clips the gradient of every sample, or the update, and adds Gaussian noise at the client; with an accountant of what that guarantees.",
  source: "Fed-CDP of Wei et al. 2021 and Opacus (read in code); local DP of updates",
  at: "update",
  family: "formal",
  stage: "per-sample-clip",
  needs: [],
  randomness: "seeded",
  options,
  advice: "train with DP-SGD at the clients (Opacus in PyTorch, TensorFlow Privacy in TensorFlow)",
  inFrameworks: {
    Flower:
      "per update, LocalDpMod(clipping_norm, sensitivity, epsilon, delta) among the ClientApp's mods; per sample, Opacus or TensorFlow Privacy in the training function",
    PyTorch:
      "Opacus: PrivacyEngine().make_private(module=…, optimizer=…, data_loader=…, noise_multiplier=…, max_grad_norm=…)",
    TensorFlow: "TensorFlow Privacy: DPKerasSGDOptimizer(l2_norm_clip, noise_multiplier, num_microbatches)",
    "NVIDIA FLARE": "no ready part of this kind; Opacus or TensorFlow Privacy in the training script",
  },
  traits: ({ mode }) =>
    mode === "sample" ? { needs: ["perSampleGrad"], stage: "per-sample-clip" } : { stage: "differential-privacy" },
  hooks: (chosen) => ({
    ...(chosen.sampling === "poisson" && {
      drawBatch: (data, batchSize, { memory, random }) => {
        const samples = data.labels.length;
        memory.set(BATCH, Math.min(batchSize, samples));
        return data.labels.flatMap((_, row) => (random.uniform() < batchSize / samples ? [row] : []));
      },
    }),
    ...(chosen.mode === "sample"
      ? { insideBackward: (_, context) => privateGradient(chosen, context) }
      : {
          afterLocalTraining: (update, { random }) =>
            noised(clipped(chosen, update), chosen.noiseMultiplier * chosen.clip, random),
        }),
  }),
  privacy: ({ mode, noiseMultiplier, clipping, sampling, delta }, { rounds, samples, batchSize, steps, tensors }) => {
    // Noise of one clip norm on each of L tensors, all of which one sample may move by that norm: the sensitivity is √L of them.
    const noise = clipping === "layer" ? noiseMultiplier / Math.sqrt(tensors) : noiseMultiplier;
    if (mode === "update") {
      return guarantee({
        unit: "client",
        delta,
        mechanism: { sampling: 1, noise, steps: rounds },
        steps: `${rounds} upload(s)`,
        provided: "whoever reads them, compared with an upload of noise alone",
      });
    }
    const share = Math.min(1, batchSize / samples);
    const drawn = share < 1 && sampling === "epochs";
    return guarantee({
      unit: "record",
      delta,
      mechanism: { sampling: share, noise, steps: rounds * steps },
      steps: `${rounds * steps} local step(s) with ${Number((100 * share).toPrecision(3))} % of the client's records each`,
      provided: drawn
        ? "it takes batches for Poisson samples, which they are with sampling: poisson only"
        : "whoever reads the uploads",
    });
  },
});
