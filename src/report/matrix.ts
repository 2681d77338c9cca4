// Adversaries against attacks: what the worst cell of each pair says. Unknown hides behind nothing but a leak.
import type { AuditJson, CellJson, CellStatus } from "../audit/audit-json.js";
import { scoreOf } from "./figures.js";

/** One adversary with one attack, over all defenses, options and seeds. */
export interface Square {
  readonly threat: string;
  readonly attack: string;
  readonly status: CellStatus;
  /** The cell that tells the most: the one that leaks most, else one that is open, else one that resisted. */
  readonly worst: CellJson;
  /** Share of the worst cell's pictures that leaked; null where nothing is decided. */
  readonly share: number | null;
  /** 0 to 4: no leak, up to a quarter, half, three quarters, all. */
  readonly band: 0 | 1 | 2 | 3 | 4;
  /** Titles of the defenses tried, and of those under which every cell resisted. */
  readonly tried: readonly string[];
  readonly stopping: readonly string[];
  readonly cells: readonly CellJson[];
}

const gravity: readonly CellStatus[] = ["not-applicable", "resisted", "error", "unknown", "leak"];

/** Share of a cell's pictures that leaked. */
export const leakedShare = ({ images }: Pick<CellJson, "images">): number =>
  images.length === 0 ? 0 : images.filter(({ leaked }) => leaked).length / images.length;

const psnrOf = (cell: CellJson): number => scoreOf(cell.scores, "psnr")?.best ?? -1;

/** Negative where `a` is worse news than `b`. */
export const byGravity = (a: CellJson, b: CellJson): number =>
  gravity.indexOf(b.status) - gravity.indexOf(a.status) || leakedShare(b) - leakedShare(a) || psnrOf(b) - psnrOf(a);

/** Ids or titles of defenses under which every one of `cells` resisted, adaptive ones included. */
export function holdingDefenses(cells: readonly CellJson[]): { id: string; title: string }[] {
  const tried = new Map(
    cells.flatMap(({ defense, defenseTitle }) => (defense === "none" ? [] : [[defense, defenseTitle] as const])),
  );
  return [...tried]
    .filter(([id]) => cells.every(({ defense, status }) => defense !== id || status === "resisted"))
    .map(([id, title]) => ({ id, title }));
}

function square(cells: readonly CellJson[]): Square {
  const worst = [...cells].sort(byGravity)[0]!;
  const decided = worst.status === "leak" || worst.status === "resisted";
  const share = decided ? leakedShare(worst) : null;
  return {
    threat: worst.threat,
    attack: worst.attack,
    status: worst.status,
    worst,
    share,
    band: worst.status === "leak" ? (Math.min(4, Math.max(1, Math.ceil(4 * (share ?? 0)))) as Square["band"]) : 0,
    tried: [...new Set(cells.flatMap(({ defense, defenseTitle }) => (defense === "none" ? [] : defenseTitle)))],
    stopping: holdingDefenses(cells).map(({ title }) => title),
    cells,
  };
}

export interface Matrix {
  readonly attacks: readonly { readonly id: string; readonly title: string }[];
  readonly squares: ReadonlyMap<string, Square>;
}

/** Key of a pair in `Matrix.squares`. */
export const pairOf = (threat: string, attack: string): string => JSON.stringify([threat, attack]);

/** All pairs that the audit has cells of, attacks in the order of the audit. */
export function matrixOf({ cells }: Pick<AuditJson, "cells">): Matrix {
  const pairs = new Map<string, CellJson[]>();
  const attacks = new Map<string, string>();
  for (const cell of cells) {
    const pair = pairOf(cell.threat, cell.attack);
    const list = pairs.get(pair);
    if (list) list.push(cell);
    else pairs.set(pair, [cell]);
    attacks.set(cell.attack, cell.attackTitle);
  }
  return {
    attacks: [...attacks].map(([id, title]) => ({ id, title })),
    squares: new Map([...pairs].map(([pair, own]) => [pair, square(own)])),
  };
}
