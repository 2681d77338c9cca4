// What shows that LOKI is what it is called (spec/attacks-analytic.md 4.3): it reads single clients out of a sum, and its scaling factor keeps
// local steps apart. Recovered means above 30 dB; E steps of B pictures on k bins expect (1/E) Σ (1-1/k)^(B(t+1)-1), one step (1-1/k)^(B-1).
import type { Proof } from "../../define.js";

interface Options {
  readonly bins: number;
  readonly scale: number;
  readonly brightness: "bin" | "max";
}

const RECOVERED = 30;
/** Patches that overlap: there are more of them than clients need. */
const photos = { source: "photos", stride: 6 } as const;
const small = { source: "photos", size: 16, stride: 3 } as const;

/** Eight steps of eight pictures, on bins four times as many as pictures. */
const eightByEight = { algorithm: "FedAvg", samples: 64, localEpochs: 1 } as const;

export const lokiProofs: readonly Proof<Options>[] = [
  {
    id: "sum",
    claim:
      "four clients' sum, 4 steps of 4 pictures each: single pictures come back, which bins shared by all clients lose",
    quick: true,
    seeds: 3,
    setting: {
      model: "convnet",
      batchSize: 4,
      labels: "recovered",
      federation: { algorithm: "FedAvg", clients: 4, samples: 16, localEpochs: 1, learningRate: 1e-3 },
      data: small,
    },
    arms: {
      attack: { options: { bins: 64 }, defense: { id: "secure-aggregation" } },
      shared: { attack: { id: "robbing-the-fed", options: { bins: 64 } }, defense: { id: "secure-aggregation" } },
    },
    bars: [
      // 87.0 % expected.
      { arm: "attack", metric: "psnr", over: { share: 0.8 }, op: ">=", value: RECOVERED, evidence: "derived" },
      { arm: "shared", metric: "psnr", over: { share: 0.6 }, op: "<=", value: RECOVERED, evidence: "derived" },
    ],
  },
  {
    id: "bound-payloads",
    claim:
      "masks bound to the payload do not cancel between clients that were sent different kernels: nothing comes back",
    seeds: 3,
    setting: {
      model: "convnet",
      batchSize: 4,
      labels: "recovered",
      federation: { algorithm: "FedAvg", clients: 4, samples: 16, localEpochs: 1, learningRate: 1e-3 },
      data: small,
    },
    arms: { attack: { options: { bins: 64 }, defense: { id: "secure-aggregation", options: { bindPayload: true } } } },
    bars: [{ arm: "attack", metric: "psnr", over: "best", op: "<=", value: 20, evidence: "derived" }],
  },
  {
    id: "secure-sum",
    claim: "ten clients' secure sum, 8 steps of 8 pictures each, 256 bins: at least 85 % of all 640 come back",
    seeds: 3,
    setting: {
      model: "convnet",
      batchSize: 8,
      labels: "recovered",
      federation: { ...eightByEight, clients: 10, learningRate: 1e-4 },
      data: photos,
      surrogate: { records: 1000 },
    },
    arms: { attack: { defense: { id: "secure-aggregation" } } },
    bars: [{ arm: "attack", metric: "psnr", over: { share: 0.85 }, op: ">=", value: RECOVERED, evidence: "measured" }],
  },
  {
    id: "local-steps",
    claim:
      "8 steps of 8 pictures at a rate of 0.01: the scaling factor brings back 87.4 ± 4 %, cumulative bins at most 20 %",
    seeds: 10,
    setting: {
      model: "convnet",
      batchSize: 8,
      labels: "recovered",
      federation: { ...eightByEight, learningRate: 1e-2 },
      data: photos,
    },
    arms: {
      attack: {},
      unscaled: { options: { scale: 1 } },
      "brightest-pixel": { options: { brightness: "max" } },
      cumulative: { attack: { id: "robbing-the-fed", options: { bins: 256 } } },
    },
    bars: [
      { arm: "attack", metric: "psnr", over: { share: 0.834 }, op: ">=", value: RECOVERED, evidence: "measured" },
      { arm: "unscaled", metric: "psnr", over: { share: 0.166 }, op: "<=", value: RECOVERED, evidence: "measured" },
      {
        arm: "attack",
        minus: "brightest-pixel",
        metric: "psnr",
        over: "mean",
        op: ">=",
        value: 5,
        evidence: "measured",
      },
      {
        ...{
          arm: "cumulative",
          metric: "psnr",
          over: { share: 0.8 },
          op: "<=",
          value: RECOVERED,
          evidence: "measured",
        },
        fails: {
          measured: "38.6 % of 640 patches above 30 dB",
          why: "the block here passes activations of the size of a pixel, so that local steps move its rows less than those of the specification's script (10 %)",
        },
      },
    ],
  },
];
