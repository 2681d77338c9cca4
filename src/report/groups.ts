// Order in the report: cells that share one computation become one group, told once under the weakest adversary that saw it; columns of
// the overview are pairs of attack and defense in the order of the audit.
import type { AuditJson, CellJson } from "../audit/audit-json.js";
import { threatRank } from "./words.js";

/** One computation: the cell of its weakest threat model and the letters that share it, weakest first. */
export interface CellGroup {
  /** Anchor in the page. Counted, because keys are text that somebody else wrote. */
  readonly id: string;
  readonly cell: CellJson;
  readonly threats: readonly string[];
  /** The shared cells, weakest threat model first. */
  readonly cells: readonly CellJson[];
}

const methodOf = ({ attack, defense, adaptive, recipe }: CellJson): string =>
  JSON.stringify([attack, recipe.attackOptions, defense, recipe.defenseOptions, adaptive]);

/** What two cells of one computation have in common, and no others: method, seed, figures, pictures and what was handed over. */
const computationOf = (cell: CellJson): string =>
  JSON.stringify([
    methodOf(cell),
    cell.case.seed,
    cell.status,
    cell.reason,
    cell.recipe.handed,
    cell.scores,
    cell.floor,
    cell.curve,
    cell.images,
  ]);

/** Map of lists by key, in the order of the first member. */
function gather<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const lists = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    lists.set(key, [...(lists.get(key) ?? []), item]);
  }
  return [...lists.values()];
}

/** Groups of equal computations, in the order of their first cell. */
export function groupCells(cells: readonly CellJson[]): CellGroup[] {
  return gather(cells, computationOf).map((shared, i) => {
    const ordered = [...shared].sort((a, b) => threatRank(a.threat) - threatRank(b.threat));
    return { id: `cell-${i + 1}`, cell: ordered[0]!, threats: ordered.map(({ threat }) => threat), cells: ordered };
  });
}

/** A column of the overview. */
export interface Column {
  /** Any cell of the column; it carries the titles. */
  readonly cell: CellJson;
  /** Options that tell this column from another one with the same titles; empty where none is needed. */
  readonly distinction: string;
  readonly holds: (cell: CellJson) => boolean;
}

/** Columns in the order of the audit, those of one attack together. */
export function columnsOf(cells: readonly CellJson[]): Column[] {
  const methods = gather(cells, methodOf).map((same) => same[0]!);
  const ordered = gather(methods, ({ attack }) => attack).flat();
  return ordered.map((cell) => {
    const twins = ordered.filter(
      (other) => other.attack === cell.attack && other.defense === cell.defense && other.adaptive === cell.adaptive,
    );
    const method = methodOf(cell);
    return {
      cell,
      distinction:
        twins.length > 1 ? describeOptions({ ...cell.recipe.attackOptions, ...cell.recipe.defenseOptions }) : "",
      holds: (candidate) => methodOf(candidate) === method,
    };
  });
}

/** "keep 0.01, scope tensor". */
export const describeOptions = (options: Readonly<Record<string, unknown>>): string =>
  Object.entries(options)
    .map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");

/** Letters of the audit, weakest adversary first: those of the cells and those that have only a summary. */
export const threatsOf = (audit: AuditJson): string[] =>
  [...new Set([...audit.cells.map(({ threat }) => threat), ...Object.keys(audit.summary)])].sort(
    (a, b) => threatRank(a) - threatRank(b),
  );
