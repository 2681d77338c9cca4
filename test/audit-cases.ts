// Made-up case results and cells for tests of the audit: what was measured is given, everything else is plain.
import type { CellJson, ControlJson, ScoreJson } from "../src/audit/audit-json.js";
import type { CaseResult } from "../src/audit/case.js";
import type { TrainingResult } from "../src/audit/training.js";

export const score = (variant: string, perImage: readonly (number | null)[]): ScoreJson => {
  const finite = perImage.filter((value) => value !== null);
  return {
    variant,
    moreLeakage: "higher",
    perImage: [...perImage],
    mean: finite.length === 0 ? null : finite.reduce((sum, value) => sum + value, 0) / finite.length,
    best: finite.length === 0 ? null : Math.max(...finite),
  };
};

/** A case with these PSNRs in dB; an image leaked from 30 dB. */
export function caseResult(psnr: readonly (number | null)[], more: Partial<CaseResult> = {}): CaseResult {
  const leaked = psnr.map((value) => (value ?? 0) >= 30);
  return {
    scores: { psnr: score("psnr/per-image", psnr), iip: score("iip/pixel@all", leaked.map(Number)) },
    floor: {
      psnr: score(
        "psnr/per-image",
        psnr.map(() => 11),
      ),
    },
    images: leaked.map((leak, record) => ({
      record,
      label: "face",
      original: null,
      reconstruction: null,
      leaked: leak,
      reason: "pictures are left out of this test",
    })),
    labels: null,
    receipt: null,
    handed: ["updates"],
    gallerySize: 8,
    galleryClasses: 2,
    curve: [],
    notes: [],
    iterations: 5,
    exhausted: false,
    seconds: 0.1,
    ...more,
  };
}

/** What a defense did; `identity` true is one that did nothing. */
export const receipt = (identity: boolean): NonNullable<CaseResult["receipt"]> => ({
  identity,
  distortion: identity ? 0 : 0.5,
  cosine: 1,
  bytes: 50,
  bytesWithout: 100,
  seconds: 0.001,
});

/** A training of one round: held-out accuracy by seed, at a chance of 10 %. */
export const trainingResult = (accuracies: readonly number[], more: Partial<TrainingResult> = {}): TrainingResult => ({
  seeds: accuracies.map((accuracy) => ({ accuracies: [accuracy], chance: 0.1 })),
  samples: 96,
  batchSize: 32,
  heldOut: 100,
  bytes: 400,
  secondsPerRound: 0.1,
  seconds: 1,
  ...more,
});

export const control = (status: ControlJson["status"]): ControlJson => ({
  status,
  metric: "psnr",
  measured: status === "none" ? null : 40,
  bar: 30,
  what: "a control",
  ...(status === "failed" ? { reason: "a control: best image 12.0 dB, bar 30 dB" } : {}),
});

/** A cell with the measurements of `caseResult`. */
export function cellOf(
  status: CellJson["status"],
  psnr: readonly (number | null)[],
  more: Partial<CellJson> = {},
): CellJson {
  const { scores, floor, images } = caseResult(psnr);
  return {
    key: [more.threat ?? "A", more.attack ?? "dlg", more.defense ?? "none"].join("-"),
    case: { seed: 1 },
    threat: "A",
    attack: "dlg",
    defense: "none",
    attackTitle: `Title of ${more.attack ?? "dlg"}`,
    defenseTitle: `Title of ${more.defense ?? "none"}`,
    adaptive: false,
    status,
    scores: { ...scores },
    floor: { ...floor },
    control: control("passed"),
    ownControl: control("passed"),
    budget: { seconds: 1, iterations: 5, exhausted: false },
    recipe: {
      attackOptions: {},
      defenseOptions: {},
      labels: "recovered",
      backend: "node-cpu",
      handed: ["updates"],
      galleryClasses: 2,
      gallerySize: 8,
    },
    curve: [],
    notes: [],
    images: [...images],
    ...more,
  };
}
