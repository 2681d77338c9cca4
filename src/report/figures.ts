// How figures are printed: few digits, units, and never a number where none is defined.
import type { ControlJson, ScoreJson } from "../audit/audit-json.js";
import { metricWords } from "./words.js";

/** The words of a metric: the key of a score is a metric's id, perhaps with a variant behind a slash. */
export function wordsOf(metric: string): { readonly name: string; readonly unit?: string; readonly limit?: string } {
  const id = metric.split("/")[0]!;
  return Object.hasOwn(metricWords, id) ? metricWords[id]! : { name: metric };
}

const superscripts: Readonly<Record<string, string>> = Object.fromEntries(
  [..."0123456789-"].map((character, i) => [character, "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"[i]!]),
);

/** Three significant digits; tiny and huge values as a power of ten. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) {
    const [mantissa, exponent] = value.toExponential(1).split("e");
    const power = `10${[...exponent!].map((character) => superscripts[character] ?? "").join("")}`;
    return mantissa === "1.0" ? power : `${mantissa}·${power}`;
  }
  return Number.isInteger(value)
    ? String(value)
    : size >= 100
      ? value.toFixed(0)
      : String(Number(value.toPrecision(3)));
}

/** A figure of a metric with its unit; "undefined" for null, which is never a success. */
export function formatFigure(metric: string, value: number | null): string {
  if (value === null) return "undefined";
  const { unit } = wordsOf(metric);
  return unit === "dB" ? `${value.toFixed(1)} dB` : formatNumber(value);
}

/** A figure of one picture: IIP knows only hits and misses. */
export function formatPerImage(metric: string, value: number | null): string {
  const identifies = metric.split("/")[0] === "iip";
  return identifies && (value === 0 || value === 1) ? (value === 1 ? "hit" : "miss") : formatFigure(metric, value);
}

/** Bytes with the unit that leaves one to three digits before the point. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB"];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return `${formatNumber(bytes / 1000 ** power)} ${units[power]}`;
}

export function formatSeconds(seconds: number): string {
  if (seconds < 1) return `${formatNumber(seconds * 1000)} ms`;
  if (seconds < 120) return `${formatNumber(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** The score under a metric's id, undefined where it was not measured. */
export const scoreOf = (scores: Readonly<Record<string, ScoreJson>>, metric: string): ScoreJson | undefined =>
  Object.hasOwn(scores, metric) ? scores[metric] : undefined;

/** "passed: 41.2 dB, needed 30.0 dB". */
export function formatControl(control: ControlJson): string {
  const words = {
    passed: "passed",
    failed: "failed",
    cached: "passed in an earlier run of the same code",
    none: "not run",
  };
  const figures =
    control.measured === null && control.bar === null
      ? ""
      : `: ${formatFigure(control.metric, control.measured)}, needed ${formatFigure(control.metric, control.bar)}`;
  return words[control.status] + figures;
}

/** Realism as stars out of four. */
export const stars = (filled: number): string => "★".repeat(filled) + "☆".repeat(4 - filled);
