// What shows that fishing is what it is called (spec/attacks-analytic.md 3.2): it gives one image of each batch, which the same inversion of the honest
// update does not. That the isolated gradient is the sample's own (cosine 0.9999) is shown by its tests, where the sample is known.
import type { Proof } from "../../define.js";

interface Options {
  readonly iterations: number;
}

/** One image of every batch. */
const oneOf = (batchSize: number) => ({ share: 1 / batchSize });

export const fishingProofs: readonly Proof<Options>[] = [
  {
    id: "batch-16",
    claim: "lenet-wide, batch 16: one image of every batch comes back",
    quick: true,
    seeds: 3,
    setting: { model: "lenet-wide", batchSize: 16, labels: "recovered", data: { source: "portraits" } },
    arms: { attack: { options: { iterations: 600 } } },
    bars: [{ arm: "attack", metric: "psnr", over: oneOf(16), op: ">=", value: 20, evidence: "measured" }],
  },
  {
    id: "batch-64",
    claim: "lenet-wide, batch 64: the image that is caught is 6 dB nearer than the best of inverting the honest update",
    seeds: 3,
    setting: { model: "lenet-wide", batchSize: 64, labels: "recovered" },
    arms: {
      attack: { options: { iterations: 600 } },
      honest: { attack: { id: "inverting-gradients", options: { iterations: 150 } } },
    },
    bars: [
      {
        ...{
          arm: "attack",
          minus: "honest",
          metric: "psnr",
          over: oneOf(64),
          op: ">=",
          value: 6,
          evidence: "estimated",
        },
        fails: {
          measured:
            "4.4 dB on photo patches, where the caught images come back at 18, 30 and 29 dB and the lowest counts; 9.0 dB on CIFAR-10",
          why: "the honest batch's best are flat patches, 14 dB for a guess of grey (floor 13); one caught patch is inverted to 18 dB only (floor 8)",
        },
      },
    ],
  },
];
