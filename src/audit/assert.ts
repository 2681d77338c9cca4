// Judges assertions. Pessimistic unless told otherwise: what counts is the cell that leaks most, and in it the image that leaks most. What
// cannot be decided is not passed.
import type { Metric } from "../metrics/define.js";
import { identifiedShare } from "./advise.js";
import { type Assertions, matches, selectorParts } from "./assertions.js";
import type { AssertionJson, CellJson } from "./audit-json.js";

type Aggregate = AssertionJson["aggregate"];

export interface Limit {
  readonly side: "max" | "min";
  /** Figure of one cell; null where it has none. */
  of(cell: CellJson): number | null;
}

/** Limits that are of no metric. */
const ownLimits: Readonly<Record<string, Limit>> = {
  minScore: { side: "min", of: (cell) => 1 - identifiedShare(cell) },
  maxLeaks: { side: "max", of: ({ status }) => (status === "leak" ? 1 : 0) },
};

const capital = (id: string): string => id.slice(0, 1).toUpperCase() + id.slice(1);

/** The limit that bounds what a metric says of leakage: `maxPsnr`, `minMse`. */
const limitName = ({ id, moreLeakage }: Metric): string =>
  `${moreLeakage === "higher" ? "max" : "min"}${capital(id.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()))}`;

export const limitNames = (metrics: readonly Metric[]): string[] => [
  ...Object.keys(ownLimits),
  ...metrics.map(limitName),
];

/** What a limit's name means; undefined for an unknown one. */
export function readLimit(name: string, metrics: readonly Metric[]): Limit | undefined {
  const metric = metrics.find((each) => limitName(each) === name);
  if (!metric) return Object.hasOwn(ownLimits, name) ? ownLimits[name] : undefined;
  // What needs a gallery says of each image whether it was recognised: its mean is the share.
  const figure = metric.needs.includes("gallery") ? "mean" : "best";
  return {
    side: metric.moreLeakage === "higher" ? "max" : "min",
    of: ({ scores }) => scores[metric.id]?.[figure] ?? null,
  };
}

/** One verdict per limit; assertions that are off are left out. */
export function judgeAssertions(
  assertions: Assertions,
  cells: readonly CellJson[],
  metrics: readonly Metric[],
): AssertionJson[] {
  return Object.entries(assertions).flatMap(([selector, [level, { aggregate = "pessimistic", ...limits }]]) => {
    if (level === "off") return [];
    const parts = selectorParts(selector) ?? [];
    const selected = cells.filter(
      (cell) => cell.status !== "not-applicable" && parts.every(({ kind, glob }) => matches(glob, cell[kind])),
    );
    return Object.entries(limits).map(([name, bound]) => {
      const limit = readLimit(name, metrics)!;
      return { selector, level, limit: name, bound, aggregate, ...judge(selected, name, limit, bound, aggregate) };
    });
  });
}

type Judged = Pick<AssertionJson, "measured" | "worstCell" | "cells" | "outcome" | "reason">;

function judge(selected: readonly CellJson[], name: string, limit: Limit, bound: number, aggregate: Aggregate): Judged {
  const decided = selected.filter(({ status }) => status === "leak" || status === "resisted");
  const open = selected.length - decided.length;
  const worse = limit.side === "max" ? -1 : 1;
  const figures = decided
    .flatMap((cell) => {
      const value = limit.of(cell);
      return value === null ? [] : [{ key: cell.key, value }];
    })
    .sort((a, b) => worse * (a.value - b.value));
  const found = { cells: decided.length, worstCell: figures[0]?.key ?? null };
  if (figures.length === 0) {
    const reason = selected.length === 0 ? "no applicable cell is selected" : "no selected cell has a figure";
    return { ...found, measured: null, outcome: "undecided", reason };
  }
  const at = { pessimistic: 0, median: Math.floor((figures.length - 1) / 2), optimistic: figures.length - 1 }[
    aggregate
  ];
  const measured = name === "maxLeaks" ? figures.reduce((sum, { value }) => sum + value, 0) : figures[at]!.value;
  const holds = limit.side === "max" ? measured <= bound : measured >= bound;
  if (holds && open > 0) {
    return { ...found, measured, outcome: "undecided", reason: `${open} selected cell(s) are unknown or errors` };
  }
  return { ...found, measured, outcome: holds ? "passed" : "failed" };
}
