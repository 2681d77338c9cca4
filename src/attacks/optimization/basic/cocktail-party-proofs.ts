// Evidence for the cocktail party attack at CPU scale (spec/attacks-optimization.md 2.8, "Proof"). Bars on correlations stand in
// test/proofs/cocktail-party.proof.ts: correlation is no metric of the catalogue.
import type { Proof } from "../../define.js";

const setting = { model: "mlp", batchSize: 16, labels: "recovered" } as const;

export const proofs: readonly Proof<{ iterations: number; tv: number; scale: "bias" | "range" }>[] = [
  {
    id: "mlp",
    claim: "mlp, batch 16: images come back from one gradient, and total variation is what tells them apart",
    quick: true,
    seeds: 3,
    setting,
    arms: { attack: {}, "without-tv": { options: { tv: 0, iterations: 1000 } } },
    bars: [
      { arm: "attack", metric: "psnr", over: "mean", op: ">=", value: 17, evidence: "measured" },
      { arm: "attack", metric: "psnr", over: { share: 0.3 }, op: ">=", value: 20, evidence: "measured" },
      { arm: "attack", minus: "without-tv", metric: "psnr", over: "mean", op: ">=", value: 5, evidence: "measured" },
    ],
  },
  {
    id: "batch-size",
    claim: "mlp: 8 images come back clearer than 32",
    seeds: 3,
    setting: { ...setting, batchSize: 8 },
    arms: { attack: {}, "batch-32": { setting: { batchSize: 32 } } },
    bars: [
      { arm: "attack", minus: "batch-32", metric: "psnr", over: "mean", op: ">=", value: 3, evidence: "measured" },
    ],
  },
  {
    id: "fedavg",
    claim: "mlp, 16 images: an update of two local epochs with four mini-batches each is such a mixture too",
    seeds: 3,
    setting: {
      model: "mlp",
      batchSize: 4,
      labels: "recovered",
      federation: { algorithm: "FedAvg", samples: 16, localEpochs: 2, learningRate: 0.01 },
    },
    arms: { attack: {} },
    bars: [{ arm: "attack", metric: "psnr", over: "mean", op: ">=", value: 16, evidence: "measured" }],
  },
];
