// The targets of spec/engine.md section 1, as data, and how far measured figures are from them.
import { labelOf } from "./cases.js";

/** Least ratio of PyTorch's time (pinned, as many threads as ours) to ours. Cases not listed have no target. */
export const ratios = {
  "lenet/l2:1": 3.5,
  "lenet/l2:8": 1.5,
  "convnet8/l2:1": 2,
  "convnet8/l2:8": 1.5,
  "resnet18/l2:1": 3.5,
  "resnet18/l2:4": 1.8,
  "resnet18/l2:16": 1.5,
  "lenet/l2/fedavg-5:1": 2.5,
  "lenet/l2/restarts-8:1": 6.5,
  "lenet/l2/restarts-32:1": 6.5,
};

/** Least ratio in a browser (WebAssembly), by case and threads. */
export const webRatios = { "lenet/l2:1, 1 thread": 0.5, "lenet/l2:1, 2 threads": 0.5, "resnet18/l2:1, 2 threads": 0.8 };

/** Least share of the machine's best kernel, beyond the targets. */
export const shares = { "resnet18/l2:1": 0.75, "resnet18/l2:4": 0.75, "resnet18/l2:16": 0.75 };

/** Least throughput of two one-thread sessions in worker threads over that of one. */
export const SPEEDUP = 1.8;

/** Most time to build and open ResNet-18, and most memory at batch 4. */
export const BUILD_MS = 1000;
export const PEAK_MB = 900;

const atLeast = (what, value, target, unit = "") => ({ what, value, target, unit, met: value >= target, sign: "≥" });
const atMost = (what, value, target, unit) => ({ what, value, target, unit, met: value <= target, sign: "≤" });

/** Targets refer to a PyTorch with as many threads as our sessions have. */
export const isReference = ({ threads }, { cores }) => threads === cores;

/**
 * Every target that the figures say something on: { what, value, target, unit, met, sign }. `measured` are cases
 * compared with PyTorch, `workers` and `footprint` are null where they were not measured.
 */
export function judge({ measured, workers, footprint }) {
  const compared = measured.filter((each) => each.ratio !== null && labelOf(each) in ratios);
  return [
    ...compared.map((each) => atLeast(labelOf(each), each.ratio, ratios[labelOf(each)])),
    ...(workers ? [atLeast("two workers over one", workers.speedup, SPEEDUP)] : []),
    ...(footprint
      ? [
          atMost(`build ${footprint.label}`, footprint.buildMs, BUILD_MS, " ms"),
          atMost(`peak memory ${footprint.label}`, footprint.peakMb, PEAK_MB, " MB"),
        ]
      : []),
  ];
}

/** The targets of a browser, judged alike; `measured` have a `what`. */
export const judgeWeb = (measured) =>
  measured
    .filter(({ what, ratio }) => ratio !== null && what in webRatios)
    .map(({ what, ratio }) => atLeast(what, ratio, webRatios[what]));

/** The further aim, shares of peak, judged alike. */
export const judgeShares = (measured) =>
  measured
    .filter((each) => labelOf(each) in shares)
    .map((each) => atLeast(labelOf(each), 100 * each.shareOfPeak, 100 * shares[labelOf(each)], " %"));

/** How many targets are met, in words. */
export const countMet = (verdicts) => `${verdicts.filter(({ met }) => met).length} of ${verdicts.length} met`;

const show = (value, unit) => `${value.toFixed(unit.trim() ? 0 : 2)}${unit}`;

/** One verdict in words: what was measured, what was wanted, and by how much it is missed. */
export function tell({ what, value, target, unit, met, sign }) {
  const short = met ? "met" : `missed by ${(100 * Math.abs(1 - value / target)).toFixed(0)} %`;
  return `${what}: ${show(value, unit)}, target ${sign} ${show(target, unit)}, ${short}`;
}
