// What shows that several rounds give more than one, and that wrong rounds do little harm (spec/attacks-optimization.md 2.12): one image on
// convnet, ten rounds of a federation that trains on it.
import type { Proof } from "../../define.js";
import type { RoundAggregationName } from "./round-aggregation.js";

interface Options {
  readonly iterations: number;
  readonly rounds?: number | undefined;
  readonly aggregate: RoundAggregationName;
  readonly noiseRounds: number;
}

const setting = {
  model: "convnet",
  batchSize: 1,
  labels: "known",
  federation: { rounds: 10, batches: "fixed", learningRate: 0.01 },
} as const;

const one = { rounds: 1, aggregate: "mean" } as const;
const INVALID = 0.3;

export const tgiasProofs: readonly Proof<Options>[] = [
  {
    id: "ten-rounds",
    claim: "ten rounds of one image bring it nearer than its first round alone, even with a sixth of the steps",
    quick: true,
    seeds: 3,
    setting,
    arms: { attack: { options: { iterations: 250 } }, "one-round": { options: { ...one, iterations: 1500 } } },
    bars: [
      { arm: "attack", minus: "one-round", metric: "psnr", over: "mean", op: ">=", value: 8, evidence: "measured" },
    ],
  },
  {
    id: "invalid-rounds",
    claim:
      "with 3 of 10 rounds replaced by noise, dropping the rounds that match worst costs little and beats the mean",
    seeds: 3,
    setting,
    arms: {
      clean: {},
      attack: { options: { noiseRounds: INVALID } },
      "multi-krum": { options: { noiseRounds: INVALID, aggregate: "multi-krum" } },
      mean: { options: { noiseRounds: INVALID, aggregate: "mean" } },
    },
    bars: [
      { arm: "clean", minus: "attack", metric: "psnr", over: "mean", op: "<=", value: 6, evidence: "measured" },
      {
        ...{ arm: "attack", minus: "mean", metric: "psnr", over: "mean", op: ">=", value: 5, evidence: "measured" },
        fails: {
          measured: "photographs: 2.8 dB (5.3, -4.8, 7.8 by seed); CIFAR-10 holds",
          why:
            "on patches of photographs the mean itself comes to 36 to 56 dB despite the noise, where the draw of the start decides the rest; the " +
            "specification's gap is that of pictures which the mean leaves at 16 to 24 dB",
        },
      },
      { arm: "attack", minus: "multi-krum", metric: "psnr", over: "mean", op: ">=", value: 0, evidence: "measured" },
    ],
  },
  {
    id: "one-round",
    claim: "of one round it is Inverting Gradients without total variation",
    seeds: 3,
    // Here a search without total variation comes to the same end from any start; on convnet the draw of the start decides.
    setting: { ...setting, model: "lenet-wide" },
    arms: {
      attack: { options: one },
      "inverting-gradients": { attack: { id: "inverting-gradients", options: { tv: 0, iterations: 600 } } },
    },
    bars: [
      {
        arm: "attack",
        minus: "inverting-gradients",
        metric: "psnr",
        over: "mean",
        op: ">=",
        value: -1,
        evidence: "derived",
      },
      {
        arm: "attack",
        minus: "inverting-gradients",
        metric: "psnr",
        over: "mean",
        op: "<=",
        value: 1,
        evidence: "derived",
      },
    ],
  },
];
