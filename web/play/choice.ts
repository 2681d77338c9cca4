// What the reader chose, kept in the address behind the hash: `#defense=client-dp&strength=0.5`. A picture of the reader's own is in no address.
import { signal } from "@preact/signals";
import { portraits } from "./portraits.js";
import { choices, type Picture } from "./protocol.js";

/** The picture that the reader brought, in place of a portrait's number. */
export const OWN = "own";

export interface OwnPicture {
  readonly name: string;
  readonly picture: Picture;
  /** The class that its owner gave it: what is trained on, and what the server reads from the update. */
  readonly label: number;
}

/** The one that the reader brought last. */
export const own = signal<OwnPicture | null>(null);

export interface Choice {
  /** A portrait's number, or `OWN`. */
  readonly picture: string;
  readonly model: string;
  readonly attack: string;
  /** Null: none. */
  readonly defense: string | null;
  /** In the defense's own unit; 0 where it has none. */
  readonly strength: number;
  readonly seed: number;
}

export const defenseOf = (id: string | null) => choices.defenses.find((defense) => defense.id === id) ?? null;

/** A defense with its default strength. */
export const withDefense = (id: string | null): Pick<Choice, "defense" | "strength"> => {
  const defense = defenseOf(id);
  return { defense: defense?.id ?? null, strength: defense?.strength?.default ?? 0 };
};

/** Reads a hash; what it does not say, or says wrongly, is the default. */
export function parseChoice(hash: string): Choice {
  const query = new URLSearchParams(hash.replace(/^#/, ""));
  const oneOf = (name: string, known: readonly { readonly id: string }[]) =>
    (known.find(({ id }) => id === query.get(name)) ?? known[0]!).id;
  const numberIn = (name: string, fits: (value: number) => boolean, otherwise: number) => {
    const value = Number(query.get(name) ?? Number.NaN);
    return fits(value) ? value : otherwise;
  };
  const pictures = [...portraits.map((_, i) => String(i)), ...(own.value ? [OWN] : [])];
  const protectedBy = withDefense(query.get("defense"));
  const range = defenseOf(protectedBy.defense)?.strength;
  return {
    picture: pictures.find((id) => id === query.get("picture")) ?? pictures[0]!,
    model: oneOf("model", choices.models),
    attack: oneOf("attack", choices.attacks),
    defense: protectedBy.defense,
    strength: range ? numberIn("strength", (value) => range.steps.includes(value), range.default) : 0,
    seed: numberIn("seed", (value) => Number.isInteger(value) && value >= 0 && value < 2 ** 31, 1),
  };
}

/** The address of a choice. */
export function hashOf({ picture, model, attack, defense, strength, seed }: Choice): string {
  const query = new URLSearchParams({ picture, model, attack });
  if (defense !== null) query.set("defense", defense);
  if (defenseOf(defense)?.strength) query.set("strength", String(strength));
  query.set("seed", String(seed));
  return `#${query}`;
}

export const choice = signal(parseChoice(location.hash));

/** Changes the choice and the address, without a new entry of the history. */
export function choose(changes: Partial<Choice>): void {
  choice.value = { ...choice.value, ...changes };
  history.replaceState(null, "", hashOf(choice.value));
}

/** Follows the address: links to earlier runs are plain links. */
export function followAddress(): void {
  addEventListener("hashchange", () => {
    choice.value = parseChoice(location.hash);
  });
}
