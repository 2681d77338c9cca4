// Ready-made configurations. `demo` is what `npm run audit` runs: embedded data, minutes on two cores.
import type { ConfigInput } from "../audit/config.js";

export interface Preset {
  readonly title: string;
  readonly config: ConfigInput;
}

/** L-BFGS settings that reach about 40 dB in seconds; the defaults go on to 50 to 65 dB. */
const quick = { precision: "float32", history: 20, target: 1e-8, starts: 1, calls: 200 };

export const presets: Readonly<Record<string, Preset>> = {
  demo: {
    title: "Drawn portraits, a small net, three adversaries, four attacks, two defenses; a few minutes",
    config: {
      model: { name: "lenet" },
      data: { source: "portraits", records: [0, 1, 2, 3] },
      threats: ["A", "B", "G"],
      attacks: [
        { id: "dlg", ...quick },
        { id: "idlg", ...quick },
        { id: "inverting-gradients", iterations: 1500 },
        "robbing-the-fed",
      ],
      defenses: ["none", "gaussian-noise", "top-k"],
      metrics: ["psnr", "ssim", "mse", "iip"],
      // A draw of weights that is inverted quickly; others come back less clearly in the same time (docs/variability.md).
      seed: 11,
      budget: { seconds: 120 },
    },
  },
  tour: {
    title:
      "One attack of every kind: adversaries A to H, each with what only it can do, and a defense that stops it; ten minutes",
    config: {
      model: { name: "lenet" },
      data: { source: "portraits", records: [0, 1] },
      threats: ["A", "B", "C", "D", "E", "F", "G", "H"],
      attacks: [
        { id: "dlg", ...quick },
        { id: "grnn", iterations: 600 },
        {
          id: "cocktail-party",
          setting: { model: { name: "mlp" }, federation: { batchSize: 8 }, records: 8 },
        },
        {
          id: "dlf",
          setting: {
            model: { name: "lenet-wide" },
            federation: { algorithm: "FedAvg", samples: 2, localEpochs: 3, learningRate: 0.02 },
          },
        },
        {
          id: "tgias-ro",
          setting: { model: { name: "lenet-wide" }, federation: { rounds: 3, batches: "fixed", learningRate: 0.01 } },
        },
        { id: "gi-pip", setting: { model: { name: "lenet-wide" } } },
        {
          id: "gradinversion",
          iterations: 300,
          setting: { model: { name: "convnet-bn" }, federation: { batchSize: 2 } },
        },
        {
          id: "fishing",
          iterations: 600,
          setting: { model: { name: "lenet-wide" }, federation: { batchSize: 16 }, records: 16 },
        },
        {
          id: "loki",
          setting: {
            model: { name: "convnet" },
            federation: { batchSize: 8, clients: 2, samples: 8 },
            records: 16,
            defenses: ["none", { id: "secure-aggregation", bindPayload: true }],
          },
        },
        {
          id: "hardened-dp-sa",
          setting: { model: { name: "mlp-wide" }, federation: { batchSize: 4 }, records: 4 },
        },
      ],
      defenses: ["none", "client-dp"],
      metrics: ["psnr", "ssim", "lpips", "iip"],
      utility: { rounds: 20, seeds: 2, seconds: 16 },
      seed: 11,
      budget: { seconds: 240 },
    },
  },
};
