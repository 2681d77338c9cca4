// Cells that share one computation become one group, told once under the weakest adversary that saw it.
import type { AuditJson, CellJson, ImageJson } from "../audit/audit-json.js";
import { threatRank } from "./words.js";

/** One computation: the cell of its weakest threat model and the letters that share it, weakest first. */
export interface CellGroup {
  /** Counted, because keys are text that somebody else wrote. */
  readonly id: string;
  readonly cell: CellJson;
  readonly threats: readonly string[];
  /** The shared cells, weakest threat model first. */
  readonly cells: readonly CellJson[];
}

/** What cells of one computation have in common: method, seed, scores and what was handed over. */
const computationOf = (cell: CellJson): string =>
  JSON.stringify([
    ...[cell.attack, cell.recipe.attackOptions, cell.defense, cell.recipe.defenseOptions, cell.adaptive],
    ...[cell.case.seed, cell.status, cell.reason, cell.recipe.handed, cell.scores],
  ]);

const samePicture = (a: ImageJson, b: ImageJson): boolean =>
  a.record === b.record && a.leaked === b.leaked && a.reconstruction === b.reconstruction;

type Curve = CellJson["curve"];

/** Point by point: as text, curves of thousands of cells would take seconds. */
const sameCurve = (a: Curve, b: Curve): boolean =>
  a.length === b.length && a.every(({ iteration, loss }, i) => iteration === b[i]!.iteration && loss === b[i]!.loss);

const sameCurves = (a: readonly Curve[] = [], b: readonly Curve[] = []): boolean =>
  a.length === b.length && a.every((curve, i) => sameCurve(curve, b[i]!));

/** The rest, which is long: looked at only where that agrees. */
const sameContent = (a: CellJson, b: CellJson): boolean =>
  a.images.length === b.images.length &&
  a.images.every((image, i) => samePicture(image, b.images[i]!)) &&
  sameCurve(a.curve, b.curve) &&
  sameCurves(a.otherCurves, b.otherCurves) &&
  JSON.stringify(a.floor) === JSON.stringify(b.floor);

/** Groups of equal computations, in the order of their first cell. */
export function groupCells(cells: readonly CellJson[]): CellGroup[] {
  const lists = new Map<string, CellJson[][]>();
  const groups: CellJson[][] = [];
  for (const cell of cells) {
    const key = computationOf(cell);
    const alike = lists.get(key) ?? [];
    const own = alike.find(([first]) => sameContent(first!, cell));
    if (own) own.push(cell);
    else {
      const group = [cell];
      alike.push(group);
      groups.push(group);
    }
    lists.set(key, alike);
  }
  return groups.map((shared, i) => {
    const ordered = [...shared].sort((a, b) => threatRank(a.threat) - threatRank(b.threat));
    return { id: String(i + 1), cell: ordered[0]!, threats: ordered.map(({ threat }) => threat), cells: ordered };
  });
}

/** "Adversary A", or the letters that share the observation. */
export function describeObservers({ threats }: CellGroup): string {
  const [weakest, ...stronger] = threats;
  if (stronger.length === 0) return `Adversary ${weakest}`;
  return `Adversary ${weakest}; ${stronger.join(", ")}: same observation as under ${weakest}, same result`;
}

/** "keep 0.01, scope tensor". */
export const describeOptions = (options: Readonly<Record<string, unknown>>): string =>
  Object.entries(options)
    .map(([name, value]) => `${name} ${describeOption(value)}`)
    .join(", ");

/** Whole numbers and short ones as they are, others to four digits. */
function describeOption(value: unknown): string {
  if (typeof value === "string") return value;
  const text = JSON.stringify(value);
  return typeof value === "number" && text.length > 7 ? String(Number(value.toPrecision(4))) : text;
}

/** Letters of the audit, weakest adversary first: those of the cells and those that have only a summary. */
export const threatsOf = (audit: AuditJson): string[] =>
  [...new Set([...audit.cells.map(({ threat }) => threat), ...Object.keys(audit.summary)])].sort(
    (a, b) => threatRank(a) - threatRank(b),
  );
