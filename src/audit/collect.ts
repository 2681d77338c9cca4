// From the batches of a case to its result: metrics beside the floor, which images leaked, pictures, receipts.
import type { Reconstruction } from "../attacks/define.js";
import type { Receipt } from "../federated/receipt.js";
import type { Random } from "../math/random.js";
import type { ImageJson } from "./audit-json.js";
import type { CaseResult, CaseSpec } from "./case.js";
import { boundCurves } from "./curves.js";
import { floorGuesses } from "./floor.js";
import { originalPicture, picture } from "./pictures.js";
import { chooseMetric, type Matched, scoreFloor, scoreMatched, summarise } from "./score.js";
import type { Setting } from "./setting.js";

/** PSNR in dB from which an image counts as recovered, and the lead over the floor that makes an identified image a leak. */
export const RECOVERED_DB = 30;
export const LEAD_DB = 3;

export interface BatchOutcome {
  readonly reconstruction: Reconstruction;
  readonly matched: readonly Matched[];
  /** Per entry of `matched` why it leaks what a defense made of its record; absent where records were trained on as they are. */
  readonly changedLeaks?: readonly (string | null)[];
  readonly labelAccuracy: number | null;
  readonly receipts: readonly Receipt[];
}

/** Scores all batches of a case together. */
export async function collect(
  spec: CaseSpec,
  { dataset, surrogate, notes }: Setting,
  metrics: Parameters<typeof chooseMetric>[1],
  random: Random,
  outcomes: readonly BatchOutcome[],
  handed: readonly string[],
  seconds: number,
): Promise<CaseResult> {
  const matched = outcomes.flatMap((outcome) => outcome.matched);
  const guesses = floorGuesses(surrogate, random.split("floor"));
  const both = async (asked: string) => {
    const chosen = chooseMetric(asked, metrics);
    return {
      asked,
      score: summarise(chosen, await scoreMatched(chosen, matched, dataset)),
      floor: summarise(chosen, await scoreFloor(chosen, matched, guesses, dataset)),
    };
  };
  // A leak is defined by these two, whatever else was asked for.
  const figures: Awaited<ReturnType<typeof both>>[] = [];
  for (const name of new Set(["psnr", "iip", ...spec.metrics])) figures.push(await both(name));
  const [psnr, iip] = figures as [(typeof figures)[number], (typeof figures)[number]];
  const changed = outcomes.flatMap((outcome) => outcome.changedLeaks ?? outcome.matched.map(() => null));
  const recovered = matched.map((_, i) => (psnr.score.perImage[i] ?? Number.NEGATIVE_INFINITY) >= RECOVERED_DB);
  const hit = matched.map((_, i) => iip.score.perImage[i] === 1);
  const shown = matched.map((_, i) => {
    const lead =
      (psnr.score.perImage[i] ?? Number.NEGATIVE_INFINITY) - (psnr.floor.perImage[i] ?? Number.NEGATIVE_INFINITY);
    return recovered[i]! || (hit[i]! && lead >= LEAD_DB);
  });
  const guess = guesses[0]!;
  const images = matched.map(({ original, reconstruction, record }, i): ImageJson => {
    const label = dataset.classes[dataset.label(record)]!;
    return {
      record,
      label,
      original: originalPicture(original, spec.originals),
      reconstruction: reconstruction ? picture(reconstruction) : null,
      floor: spec.originals === "show" ? picture(guess.image) : null,
      leaked: shown[i]! || changed[i] !== null,
      ...(reconstruction ? {} : { reason: "the attack gave no reconstruction for this image" }),
      ...(!shown[i] && changed[i] ? { reason: changed[i] } : {}),
    };
  });
  const withLabels = outcomes.filter(({ reconstruction }) => reconstruction.labels);
  const accuracies = withLabels.flatMap((outcome) => (outcome.labelAccuracy === null ? [] : [outcome.labelAccuracy]));
  const methods = new Set(withLabels.map(({ reconstruction }) => reconstruction.labels!.method));
  return {
    scores: Object.fromEntries(figures.map(({ asked, score }) => [asked, score])),
    floor: Object.fromEntries(figures.map(({ asked, floor }) => [asked, floor])),
    images,
    labels:
      withLabels.length === 0
        ? null
        : { accuracy: spec.labels === "known" ? null : mean(accuracies), method: [...methods].join(", ") },
    receipt: summariseReceipts(outcomes.flatMap(({ receipts }) => receipts)),
    handed,
    gallerySize: dataset.length,
    galleryClasses: dataset.classes.length,
    curve: (outcomes[0]?.reconstruction.curve ?? []).filter(({ loss }) => Number.isFinite(loss)),
    otherCurves: boundCurves(outcomes[0]?.reconstruction.otherCurves ?? []),
    notes: [
      ...notes,
      ...outcomes.flatMap(({ reconstruction }, i) => reconstruction.notes.map((note) => `batch ${i + 1}: ${note}`)),
    ],
    iterations: outcomes.reduce((sum, { reconstruction }) => sum + reconstruction.iterations, 0),
    exhausted: outcomes.some(({ reconstruction }) => reconstruction.exhausted),
    seconds,
  };
}

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

function summariseReceipts(receipts: readonly Receipt[]): CaseResult["receipt"] {
  const first = receipts[0];
  if (!first) return null;
  const distortions = receipts.flatMap(({ distortion }) => (distortion ? [distortion] : []));
  return {
    identity: receipts.every(({ identity }) => identity),
    distortion: mean(distortions.map(({ relativeL2 }) => relativeL2)),
    cosine: mean(distortions.map(({ cosine }) => cosine)),
    bytes: mean(receipts.map(({ bytesAfter }) => bytesAfter))!,
    bytesWithout: mean(receipts.map(({ bytesBefore }) => bytesBefore))!,
    seconds: mean(receipts.map(({ milliseconds }) => milliseconds))! / 1000,
  };
}
