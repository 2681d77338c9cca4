// The words of the report as data: statuses, severities, metrics and policies, each explained in the one place that every section uses.
// Definitions are those of DESIGN.md section 8; limits of metrics are those of spec/metrics.md section 3.

import type { AuditJson, CellStatus, FindingJson } from "../audit/audit-json.js";
import { type ThreatModel, threatLetters, threatModels } from "../threat/capabilities.js";

/** A shape beside the colour, so that nobody needs to see the colour. Filled: pictures came out. Empty: none did. */
export const statuses: Readonly<
  Record<CellStatus, { readonly glyph: string; readonly word: string; readonly meaning: string }>
> = {
  leak: {
    glyph: "●",
    word: "leak",
    meaning:
      "At least one picture of the case came back at 30 dB PSNR or more, or beat the best guess made without the update by 3 dB or more while being nearest to its own original among all pictures of the data set.",
  },
  resisted: {
    glyph: "○",
    word: "resisted",
    meaning:
      "Neither happened, both controls passed and the run was not cut short. It says that this attack with these settings failed here, not that the data is safe.",
  },
  unknown: {
    glyph: "?",
    word: "unknown",
    meaning:
      "A control failed, the budget ran out or the audit was stopped, so nothing can be concluded. Unknown is never a pass.",
  },
  error: { glyph: "×", word: "error", meaning: "The run broke; the reason is printed. As little known as unknown." },
  "not-applicable": {
    glyph: "–",
    word: "not applicable",
    meaning: "The adversary lacks something that the attack needs. The reason names it and who would have it.",
  },
};

export const severities: readonly FindingJson["severity"][] = ["high", "medium", "low", "info", "unknown"];

/** How the report names what people know by an abbreviation. `limit` is what the figure does not see. */
export const metricWords: Readonly<
  Record<string, { readonly name: string; readonly unit?: string; readonly limit: string }>
> = {
  psnr: {
    name: "PSNR",
    unit: "dB",
    limit:
      "Peak signal-to-noise ratio: how small the pixel errors are. It sees neither structure nor meaning; a copy that is shifted by two pixels scores worse than one that is heavily blurred. Capped at 120 dB; pictures at the cap count as exact.",
  },
  ssim: {
    name: "SSIM",
    limit:
      "Structural similarity of small windows. Almost blind to brightness, hard on small shifts, and its conventions differ by up to 0.35 on the same pair: compare only figures with the same variant id.",
  },
  mse: {
    name: "MSE",
    limit: "Mean squared pixel error. A plain grey guess already scores well; position and meaning do not count.",
  },
  iip: {
    name: "IIP",
    limit:
      "Whether a reconstruction is nearer to its own original than to every other picture of the gallery. A hit is identification, not likeness, and it depends on how large the gallery is; the chance level is printed beside it.",
  },
};

/** Whether the stored figures rest on an assumption that flatters the attack. */
export const knownLabelsMark = "◦ labels known";

export const originalsPolicy: Readonly<
  Record<AuditJson["originals"], { readonly short: string; readonly text: string }>
> = {
  show: { short: "shown", text: "Original pictures are shown in this file." },
  blur: {
    short: "blurred",
    text: "Original pictures are blurred in this file. Differences are left out, for a difference from a blurred picture says nothing.",
  },
  omit: {
    short: "left out",
    text: "Original pictures are left out of this file, and so is everything computed from their pixels that could be looked at.",
  },
};

export const reconstructionWarning =
  "A reconstruction can itself show private data. Where an attack succeeded, keep this file as carefully as the data.";

/** The threat model of a letter; undefined for a letter that this version does not know. */
export const threatOf = (letter: string): ThreatModel | undefined =>
  (threatModels as Readonly<Record<string, ThreatModel>>)[letter];

/** Position of a letter from the weakest adversary on; unknown letters come last. */
export function threatRank(letter: string): number {
  const rank = (threatLetters as readonly string[]).indexOf(letter);
  return rank < 0 ? threatLetters.length : rank;
}

export const capitalise = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** "1 picture", "4 pictures". */
export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;
