// Defenses as trade-offs: how much leaks with each, against what it costs, and which no other beats in both.
import type { CellJson } from "../audit/audit-json.js";
import { scoreOf } from "./figures.js";
import { describeOptions } from "./groups.js";
import { byGravity, leakedShare } from "./matrix.js";

/** What the worst of some cells let out. */
export interface Leakage {
  readonly cell: CellJson;
  readonly share: number;
  /** Best PSNR of the cell that leaks most, in dB; null where undefined. */
  readonly psnr: number | null;
}

/** One defense with its options. */
export interface Offer {
  readonly defense: string;
  readonly title: string;
  readonly options: string;
  /** By an attacker who does not know the defense, and by one who does; null: not tried or not decided. */
  readonly plain: Leakage | null;
  readonly adaptive: Leakage | null;
  /** Every cell resisted, adaptive ones included. */
  readonly stops: boolean;
  readonly undecided: number;
  readonly utility: CellJson["utility"];
}

const worstOf = (cells: readonly CellJson[]): Leakage | null => {
  const cell = cells.filter(({ status }) => status === "leak" || status === "resisted").sort(byGravity)[0];
  return cell ? { cell, share: leakedShare(cell), psnr: scoreOf(cell.scores, "psnr")?.best ?? null } : null;
};

/** All defenses among `cells`, no defense first, in the order of the audit. */
export function offersOf(cells: readonly CellJson[]): Offer[] {
  const applicable = cells.filter(({ status }) => status !== "not-applicable");
  const lists = new Map<string, CellJson[]>();
  for (const cell of applicable) {
    const key = JSON.stringify([cell.defense, cell.recipe.defenseOptions]);
    const list = lists.get(key);
    if (list) list.push(cell);
    else lists.set(key, [cell]);
  }
  const offers = [...lists.values()].map((own): Offer => {
    const [first] = own;
    return {
      defense: first!.defense,
      title: first!.defense === "none" ? "No defense" : first!.defenseTitle,
      options: describeOptions(first!.recipe.defenseOptions),
      plain: worstOf(own.filter(({ adaptive }) => !adaptive)),
      adaptive: worstOf(own.filter(({ adaptive }) => adaptive)),
      stops: own.every(({ status }) => status === "resisted"),
      undecided: own.filter(({ status }) => status === "unknown" || status === "error").length,
      utility: own.find(({ utility }) => utility)?.utility,
    };
  });
  return offers.sort((a, b) => Number(b.defense === "none") - Number(a.defense === "none"));
}

/** What one can say about an offer's cost on one axis, more being better for the user. */
export interface Axis {
  readonly title: string;
  readonly of: (offer: Offer) => number | null;
}

const fidelity: Axis = {
  title: "what is left of the update: cosine with the undefended one",
  of: ({ defense, utility }) => (defense === "none" ? 1 : (utility?.cosine ?? null)),
};

/** Accuracy where the audit measured it, else how much of the update is left. */
export function costAxis(offers: readonly Offer[]): Axis {
  const measured = offers.find(({ utility }) => typeof utility?.accuracyWith === "number")?.utility;
  if (!measured) return fidelity;
  return {
    title: "accuracy of the trained model",
    of: ({ defense, utility }) => (defense === "none" ? measured.accuracyWithout : (utility?.accuracyWith ?? null)),
  };
}

export interface Place {
  readonly offer: Offer;
  /** Cost axis, higher is better. */
  readonly x: number;
  /** Best PSNR of the worst cell, plain and adaptive, in dB; lower is better. */
  readonly y: number;
}

/** Places of the offers that can be drawn, by the attacker who does better. */
export function placesOf(offers: readonly Offer[], axis: Axis): Place[] {
  return offers.flatMap((offer) => {
    const x = axis.of(offer);
    const figures = [offer.plain?.psnr, offer.adaptive?.psnr].filter((value) => typeof value === "number");
    return x === null || figures.length === 0 ? [] : [{ offer, x, y: Math.max(...figures) }];
  });
}

/** The places that no other beats: none leaks as little or less and costs as little or less, one of them strictly. By x. */
export function paretoFront(places: readonly Place[]): Place[] {
  const beats = (a: Place, b: Place) => a.x >= b.x && a.y <= b.y && (a.x > b.x || a.y < b.y);
  return places.filter((place) => !places.some((other) => beats(other, place))).sort((a, b) => a.x - b.x);
}
