// Plain text tables and figures for a terminal.
import { stripVTControlCharacters } from "node:util";

const width = (text: string): number => [...stripVTControlCharacters(text)].length;

/** Pads to `columns`, colours not counted. */
export const pad = (text: string, columns: number): string => text + " ".repeat(Math.max(0, columns - width(text)));

/** Rows with their columns aligned, two spaces between; the last column is as long as it likes. */
export function table(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, c) => Math.max(0, ...rows.map((row) => width(row[c] ?? ""))));
  return rows
    .map((row) =>
      row
        .map((text, c) => (c === row.length - 1 ? text : pad(text, widths[c]!)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** At most four significant digits; very large and very small numbers with an exponent. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(1);
  return String(Number(value.toPrecision(4)));
}

/** `8 s`, `2:05`, `1:02:05`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const two = (n: number): string => String(n).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** Breaks text at spaces so that no line is longer than `columns`, each line after the first behind `indent`. */
export function wrap(text: string, columns = 100, indent = ""): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > columns - indent.length) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${indent}`);
}
