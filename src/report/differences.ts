// Two audits side by side: cells matched by what they are, how each changed, and what differs in the settings.
import type { AuditJson, CellJson } from "../audit/audit-json.js";
import { scoreOf } from "./figures.js";
import { leakedShare } from "./matrix.js";

export type Change = "leaks more" | "leaks less" | "same" | "undecided" | "only before" | "only after";

export interface Pair {
  readonly before: CellJson | undefined;
  readonly after: CellJson | undefined;
  readonly change: Change;
}

const decided = ({ status }: CellJson): boolean => status === "leak" || status === "resisted";

/** Differences of the best PSNR below this many dB are noise of another run, not a change. */
const NOISE_DB = 1;

function changeOf(before: CellJson | undefined, after: CellJson | undefined): Change {
  if (!before) return "only after";
  if (!after) return "only before";
  if (before.status === "not-applicable" && after.status === "not-applicable") return "same";
  if (!decided(before) || !decided(after)) return "undecided";
  const shares = leakedShare(after) - leakedShare(before);
  if (shares !== 0) return shares > 0 ? "leaks more" : "leaks less";
  const decibels = (scoreOf(after.scores, "psnr")?.best ?? 0) - (scoreOf(before.scores, "psnr")?.best ?? 0);
  if (Math.abs(decibels) < NOISE_DB) return "same";
  return decibels > 0 ? "leaks more" : "leaks less";
}

/** Cells by adversary, attack, defense and seed; those that agree in all of these, by their order. */
function keyed(cells: readonly CellJson[]): Map<string, CellJson> {
  const seen = new Map<string, number>();
  return new Map(
    cells.map((cell) => {
      const key = JSON.stringify([cell.threat, cell.attack, cell.defense, cell.adaptive, cell.case.seed]);
      const place = seen.get(key) ?? 0;
      seen.set(key, place + 1);
      return [`${key} ${place}`, cell];
    }),
  );
}

const importance: readonly Change[] = ["leaks more", "leaks less", "undecided", "only before", "only after", "same"];

/** All cells of both audits, changed ones first. */
export function pairCells(before: readonly CellJson[], after: readonly CellJson[]): Pair[] {
  const [old, fresh] = [keyed(before), keyed(after)];
  return [...new Set([...old.keys(), ...fresh.keys()])]
    .map((key) => ({ before: old.get(key), after: fresh.get(key), change: changeOf(old.get(key), fresh.get(key)) }))
    .sort((a, b) => importance.indexOf(a.change) - importance.indexOf(b.change));
}

function flatten(value: unknown, path: string, into: Map<string, string>): void {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    for (const [name, part] of Object.entries(value)) flatten(part, path === "" ? name : `${path}.${name}`, into);
  } else into.set(path, JSON.stringify(value) ?? "");
}

export interface SettingDifference {
  readonly field: string;
  readonly before: string;
  readonly after: string;
}

/** Fields of the configuration, and versions, that are not the same. */
export function settingDifferences(before: AuditJson, after: AuditJson): SettingDifference[] {
  const told = ({ config, tool, machine }: AuditJson) => {
    const fields = new Map<string, string>();
    flatten({ ...config, tool, machine: { cpu: machine.cpu, backend: machine.backend } }, "", fields);
    return fields;
  };
  const [old, fresh] = [told(before), told(after)];
  return [...new Set([...old.keys(), ...fresh.keys()])]
    .filter((field) => old.get(field) !== fresh.get(field))
    .map((field) => ({ field, before: old.get(field) ?? "not set", after: fresh.get(field) ?? "not set" }));
}
