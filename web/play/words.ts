// What the page says about a run, in plain words.
import { formatNumber } from "../../src/report/figures.js";
import { type Choice, defenseOf } from "./choice.js";
import { classes } from "./portraits.js";
import type { PlayMessage } from "./protocol.js";

type Verdict = Extract<PlayMessage, { kind: "done" }>["verdict"];

/** Verdicts as status marks of the report: shape, word and class of the colour. */
export const verdicts: Readonly<
  Record<Verdict, { readonly glyph: string; readonly word: string; readonly mark: string }>
> = {
  leaked: { glyph: "●", word: "It came back", mark: "leak" },
  held: { glyph: "○", word: "It did not come back", mark: "resisted" },
  unknown: { glyph: "?", word: "Not decided", mark: "unknown" },
};

export const nameOfClass = (label: number): string => classes[label] ?? `class ${label}`;

export const decibels = (psnr: number): string => `${psnr.toFixed(1)} dB`;

/** A defense with its strength, e.g. `Top-k, 0.1 of entries`. */
export function describeDefense({ defense: id, strength }: Choice): string {
  const defense = defenseOf(id);
  if (!defense) return "no defense";
  return defense.strength ? `${defense.name}, ${formatStrength(strength, defense.strength.unit)}` : defense.name;
}

export const formatStrength = (value: number, unit: string): string => `${formatNumber(value)} ${unit}`.trim();
