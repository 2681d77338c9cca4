// What there is, as rows: the one source of `list`, in its printed and its JSON form. All of it comes from the definitions themselves.
import { reference } from "../attacks/define.js";
import type { Catalogue } from "../audit/catalogue.js";
import { sources } from "../data/open.js";
import { sizeOf } from "../math/tensor.js";
import { models } from "../models/index.js";
import { threatModels, weakestThreat } from "../threat/capabilities.js";
import { presets } from "./presets.js";

export type Entry = Readonly<Record<string, string | number | readonly string[]>>;

/** What the number of parameters of a model refers to. */
const REFERENCE_SHAPE = [3, 32, 32] as const;
const REFERENCE_CLASSES = 10;

export const inventory = {
  attacks: ({ attacks }) =>
    [...attacks.values()].map(({ id, category, needs, title, paper, summary }) => ({
      ...{ id, weakestThreat: weakestThreat(needs) ?? "none", category, title },
      ...{ paper: `${paper.authors} ${paper.year}${reference(paper)}`, summary },
    })),
  defenses: ({ defenses }) =>
    [...defenses.values()].map(({ id, at, family, title, summary }) => ({ id, at, family, title, summary })),
  metrics: ({ metrics }) =>
    [...metrics.values()].map(({ id, moreLeakage, unit = "", variants, defaultVariant, title }) => ({
      ...{ id, moreLeakage, unit, title, defaultVariant, variants: Object.keys(variants) },
    })),
  models: () =>
    Object.entries(models).map(([id, make]) => ({
      id,
      parameters: make(REFERENCE_SHAPE, REFERENCE_CLASSES).parameters.reduce(
        (sum, { shape }) => sum + sizeOf(shape),
        0,
      ),
      for: "32x32 colour pictures, 10 classes",
    })),
  data: () => sources.map(({ id, title, options }) => ({ id, title, options: Object.keys(options.shape) })),
  threats: () =>
    Object.entries(threatModels).map(([id, { title, realism, capabilities, who }]) => ({
      ...{ id, title, realism: "★".repeat(realism.stars), capabilities, who },
    })),
  presets: () => Object.entries(presets).map(([id, { title }]) => ({ id, title })),
} as const satisfies Readonly<Record<string, (catalogue: Catalogue) => readonly Entry[]>>;

export type Kind = keyof typeof inventory;
export const kinds = Object.keys(inventory) as Kind[];

/** Fields that only the JSON form shows, where a row would become too long. */
const onlyInJson: Readonly<Partial<Record<Kind, readonly string[]>>> = {
  attacks: ["title"],
  defenses: ["title"],
  threats: ["capabilities"],
};

/** Rows with a headline of their field names. */
export function rowsOf(kind: Kind, entries: readonly Entry[]): string[][] {
  const fields = Object.keys(entries[0] ?? {}).filter((field) => !onlyInJson[kind]?.includes(field));
  const text = (value: Entry[string]): string => (typeof value === "object" ? value.join(", ") : String(value));
  return [
    fields.map((field) => field.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)),
    ...entries.map((entry) => fields.map((field) => text(entry[field] ?? ""))),
  ];
}
