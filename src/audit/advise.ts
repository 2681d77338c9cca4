// From cells to findings in plain words, and to the summary by threat model.

import { type Defense, partsOf } from "../defenses/define.js";
import { type ThreatLetter, threatModels } from "../threat/capabilities.js";
import type { AuditJson, CellJson, FindingJson, TrainingJson } from "./audit-json.js";
import { RECOVERED_DB } from "./collect.js";

const decided = ({ status }: CellJson) => status === "leak" || status === "resisted";

/** Share of the cell's images that came back above 30 dB or are nearest to their own original. */
export function identifiedShare(cell: CellJson): number {
  const { psnr, iip } = cell.scores;
  const identified = cell.images.filter((_, i) => (psnr?.perImage[i] ?? 0) >= RECOVERED_DB || iip?.perImage[i] === 1);
  return cell.images.length === 0 ? 0 : identified.length / cell.images.length;
}

export function summarise(cells: readonly CellJson[]): AuditJson["summary"] {
  const letters = [...new Set(cells.map(({ threat }) => threat))] as ThreatLetter[];
  return Object.fromEntries(
    letters.map((letter) => {
      const own = cells.filter(({ threat }) => threat === letter);
      const count = (status: CellJson["status"]) => own.filter((cell) => cell.status === status).length;
      const worst = own
        .filter(decided)
        .reduce<CellJson | null>(
          (top, cell) => (top === null || identifiedShare(cell) > identifiedShare(top) ? cell : top),
          null,
        );
      return [
        letter,
        {
          title: threatModels[letter].title,
          score: worst ? 1 - identifiedShare(worst) : null,
          worstCell: worst?.key ?? null,
          leak: count("leak"),
          resisted: count("resisted"),
          unknown: count("unknown"),
          notApplicable: count("not-applicable"),
          error: count("error"),
        },
      ];
    }),
  );
}

const against = ({ defense, defenseTitle, adaptive }: CellJson) =>
  defense === "none" ? "no defense" : `${defenseTitle}${adaptive ? " (known to the attacker)" : ""}`;

const decibels = (value: number | null | undefined) => (value == null ? "undefined" : `${value.toFixed(1)} dB`);

/** Findings, most severe first: what leaked to whom, what could not be decided, what held. */
export function advise(cells: readonly CellJson[], defenses: ReadonlyMap<string, Defense>): FindingJson[] {
  const letters = [...new Set(cells.map(({ threat }) => threat))] as ThreatLetter[];
  return letters
    .flatMap((letter) => {
      const own = cells.filter(({ threat }) => threat === letter);
      const found = [
        leakFinding(letter, own, defenses),
        unknownFinding(letter, own),
        unfinishedFinding(letter, own),
        heldFinding(letter, own),
      ];
      return found.flatMap((finding) => (finding ? [finding] : []));
    })
    .sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}

const order: readonly FindingJson["severity"][] = ["high", "medium", "low", "unknown", "info"];

function leakFinding(
  letter: ThreatLetter,
  own: readonly CellJson[],
  defenses: ReadonlyMap<string, Defense>,
): FindingJson | null {
  const leaks = own.filter(({ status }) => status === "leak");
  if (leaks.length === 0) return null;
  const worst = leaks.reduce((top, cell) =>
    (cell.scores.psnr?.best ?? 0) > (top.scores.psnr?.best ?? 0) ? cell : top,
  );
  const leaked = worst.images.filter((image) => image.leaked).length;
  const told = leaks.map((cell) => `${cell.attackTitle}${cell.defense === "none" ? "" : ` despite ${against(cell)}`}`);
  return {
    severity: "high",
    threat: letter,
    title: `${threatModels[letter].title}: pictures come back`,
    text:
      `For ${threatModels[letter].who}: ${worst.attackTitle} recovered ${leaked} of ${worst.images.length} images, the best at ` +
      `${decibels(worst.scores.psnr?.best)} (a guess without the update reaches ${decibels(worst.floor.psnr?.best)}). ` +
      `Leaks by: ${[...new Set(told)].join(", ")}.`,
    ...adviceFor(own, leaks, defenses),
  };
}

/** Defenses under which every attack of this letter that leaked anywhere was tried and resisted, in all its cells. */
function adviceFor(
  own: readonly CellJson[],
  leaks: readonly CellJson[],
  defenses: ReadonlyMap<string, Defense>,
): Pick<FindingJson, "advice" | "remedies"> {
  const attacked = new Set(leaks.map(({ attack }) => attack));
  const tried = [...new Set(own.map(({ defense }) => defense))].filter((defense) => defense !== "none");
  if (tried.length === 0) {
    const known = [...defenses.keys()].join(", ");
    return { advice: `No defense was tried in this audit. Add some under \`defenses:\`; there are ${known}.` };
  }
  const cellsOf = (attack: string, defense: string) =>
    own.filter((cell) => cell.attack === attack && cell.defense === defense);
  // The worst cell counts: an attacker who knows the defense and gets through undoes it.
  const holding = tried.filter((defense) =>
    [...attacked].every((attack) => {
      const cells = cellsOf(attack, defense);
      return cells.length > 0 && cells.every(({ status }) => status === "resisted");
    }),
  );
  if (holding.length === 0) {
    const names = tried.join(", ");
    return {
      advice: `None of the defenses tried (${names}) held against every attack that leaked, with and without knowing the defense.`,
    };
  }
  const told = holding.map((id) => {
    const definition = defenses.get(id);
    const cost = own.find((cell) => cell.defense === id && cell.utility)?.utility;
    return `${definition?.title ?? id}: ${definition?.advice ?? "see its page"}${cost ? `; ${price(cost)}` : ""}`;
  });
  const blind = [...attacked].filter(
    (attack) => !holding.every((id) => cellsOf(attack, id).some(({ adaptive }) => adaptive)),
  );
  const known =
    blind.length === 0
      ? "It held against attackers who know of it, too"
      : `No adaptive variant was tried of ${blind.join(", ")}`;
  const remedies = holding.flatMap((id) => {
    const defense = defenses.get(id);
    return defense ? [{ defense: id, title: defense.title, inFrameworks: partsOf(defense) }] : [];
  });
  return { advice: `Switch on ${told.join(". Or: ")}. ${known}.`, remedies };
}

/** What a defense costs: change of the update, traffic, and accuracy where a short training told it. */
function price({ distortion, bytes, bytesWithout, training, reason }: NonNullable<CellJson["utility"]>): string {
  const changed = distortion === null ? "" : `update changed by ${percent(distortion)}, `;
  const traffic = bytes === bytesWithout ? "same bytes" : `${percent(bytes / bytesWithout)} of the bytes`;
  return `${changed}${traffic}, ${training ? accuracyCost(training) : `accuracy not measured: ${reason}`}`;
}

function accuracyCost({ rounds, with: defended, without, learned, drop }: TrainingJson): string {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  if (!learned) return `accuracy unknown: ${times(rounds)} without it did not get beyond guessing`;
  const spread = drop.deviation === null ? "" : `, ± ${percent(drop.deviation)} between seeds`;
  return `accuracy after ${times(rounds)} ${percent(mean(defended))} instead of ${percent(mean(without))}${spread}`;
}

const times = (rounds: number): string => (rounds === 1 ? "one round" : `${rounds} rounds`);

const percent = (share: number): string => `${Math.round(100 * share)} %`;

function unknownFinding(letter: ThreatLetter, own: readonly CellJson[]): FindingJson | null {
  const open = own.filter(({ status, unfinished }) => (status === "unknown" && !unfinished) || status === "error");
  if (open.length === 0) return null;
  const byReason = new Map<string, string[]>();
  for (const cell of open) {
    const reason = cell.reason ?? cell.status;
    byReason.set(reason, [...(byReason.get(reason) ?? []), `${cell.attackTitle} against ${against(cell)}`]);
  }
  const told = [...byReason].map(([reason, names]) => `${names.join(", ")}: ${reason}.`);
  return {
    severity: "unknown",
    threat: letter,
    title: `${threatModels[letter].title}: ${open.length} cell(s) could not be decided`,
    text: told.join(" "),
    advice:
      "Unknown is not safe. Tune the attack's options for this model, raise budget.seconds, or audit an earlier state of the model.",
  };
}

function unfinishedFinding(letter: ThreatLetter, own: readonly CellJson[]): FindingJson | null {
  const open = own.filter(({ unfinished }) => unfinished);
  if (open.length === 0) return null;
  return {
    severity: "unknown",
    threat: letter,
    title: `${threatModels[letter].title}: ${open.length} cell(s) had not finished`,
    text: `Nothing is known yet of ${open.map((cell) => `${cell.attackTitle} against ${against(cell)}`).join(", ")}.`,
    advice: "Unknown is not safe. Where the audit no longer runs, `leakscope audit --resume` goes on where it stopped.",
  };
}

function heldFinding(letter: ThreatLetter, own: readonly CellJson[]): FindingJson | null {
  const held = own.filter(({ status }) => status === "resisted");
  if (held.length === 0) return null;
  const told = [...new Set(held.map(({ attack }) => attack))].map((attack) => {
    const own = held.filter((cell) => cell.attack === attack);
    const defenses = [
      ...new Set(own.map(({ defense, defenseTitle }) => (defense === "none" ? "no defense" : defenseTitle))),
    ];
    const known = own.some(({ adaptive }) => adaptive) ? ", with and without knowing it" : "";
    const best = own.reduce<number | null>((top, { scores }) => {
      const psnr = scores.psnr?.best ?? null;
      return top === null || (psnr !== null && psnr > top) ? psnr : top;
    }, null);
    return `${own[0]!.attackTitle} against ${defenses.join(", ")}${known} (at best ${decibels(best)})`;
  });
  return {
    severity: "info",
    threat: letter,
    title: `${threatModels[letter].title}: ${held.length} ${held.length === 1 ? "attempt" : "attempts"} failed`,
    text: `${told.join("; ")}. Both controls passed, so the attack works here in principle.`,
    advice:
      "A failed attempt is no proof of safety: stronger attacks, other seeds and an attacker who knows the defense may still succeed.",
  };
}
