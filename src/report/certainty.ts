// How sure a finding is: over how many pictures and seeds, with what interval, beside which control and floor.
import type { CellJson, FindingJson } from "../audit/audit-json.js";
import { formatControl, formatFigure, scoreOf } from "./figures.js";
import { byGravity } from "./matrix.js";
import { count } from "./words.js";

/** Normal quantile of a two-sided interval of 95 %. */
const Z = 1.959964;

/** Wilson's interval of 95 % for a share of `hits` among `n`; the whole range where n is 0. */
export function wilsonInterval(hits: number, n: number): readonly [number, number] {
  if (n === 0) return [0, 1];
  const p = hits / n;
  const centre = p + Z ** 2 / (2 * n);
  const spread = Z * Math.sqrt((p * (1 - p)) / n + Z ** 2 / (4 * n ** 2));
  const scale = 1 + Z ** 2 / n;
  return [Math.max(0, (centre - spread) / scale), Math.min(1, (centre + spread) / scale)];
}

const percent = (share: number) => `${Math.round(100 * share)} %`;

/** Sentences about the cell that a finding rests on; none where the finding is about the whole audit or rests on no figure. */
export function howSure({ threat, severity }: FindingJson, cells: readonly CellJson[]): string[] {
  const own = cells.filter((cell) => cell.threat === threat);
  const statuses: readonly CellJson["status"][] =
    severity === "high" || severity === "medium" || severity === "low"
      ? ["leak"]
      : severity === "info"
        ? ["resisted"]
        : [];
  const candidates = own.filter(({ status }) => statuses.includes(status)).sort(byGravity);
  const [cell] = candidates;
  if (!cell || cell.images.length === 0) return [];
  const same = candidates.filter(
    ({ attack, defense, adaptive }) => attack === cell.attack && defense === cell.defense && adaptive === cell.adaptive,
  );
  const leaked = cell.images.filter((image) => image.leaked).length;
  const [low, high] = wilsonInterval(leaked, cell.images.length);
  const seeds = new Set(same.map((each) => each.case.seed)).size;
  const floor = scoreOf(cell.floor, "psnr")?.best ?? null;
  return [
    `${leaked} of ${count(cell.images.length, "picture")}, so between ${percent(low)} and ${percent(high)} of such pictures (95 % interval), with ${count(seeds, "seed")}.`,
    `A case that the attack must win: ${formatControl(cell.control)}.`,
    ...(floor === null ? [] : [`A guess made without the update: ${formatFigure("psnr", floor)}.`]),
  ];
}
