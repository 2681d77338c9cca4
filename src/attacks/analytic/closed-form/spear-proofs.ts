// Evidence for SPEAR at CPU scale (spec/attacks-analytic.md 2.3). An error of 1e-4 in pixels is 80 dB.
import type { Proof } from "../../define.js";

export const spearProofs: readonly Proof<{ share: number; draws: number }>[] = [
  {
    id: "fc6-batch-8",
    claim: "fc6, batch 8: the whole batch to 1e-4 from float32 gradients without labels",
    quick: true,
    seeds: 3,
    setting: { model: "fc6", batchSize: 8, labels: "recovered" },
    arms: { attack: {} },
    bars: [
      {
        arm: "attack",
        metric: "psnr",
        over: "worst",
        op: ">=",
        value: 80,
        evidence: "measured",
        fails: {
          measured: "16.8 dB (worst image of 3 seeds, photos)",
          why: "at least one false direction passes the stop rule of 0.95 agreement; at 0.99 the search had not stopped within 50 s; cause not yet found",
        },
      },
    ],
  },
  {
    id: "fc6-batch-12",
    claim: "fc6, batch 12: the whole batch",
    seeds: 3,
    setting: { model: "fc6", batchSize: 12, labels: "recovered" },
    arms: { attack: {} },
    bars: [{ arm: "attack", metric: "psnr", over: "worst", op: ">=", value: 60, evidence: "measured" }],
  },
];
