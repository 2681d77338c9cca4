// Markup that is safe by construction: every value put into an `html` template becomes text, unless it was made by `html` itself.
// What marks finished markup is a symbol, which nothing read from JSON can carry.

const markup = Symbol("markup");

/** Finished markup. Only `html` and `trusted` make it. */
export interface Html {
  readonly [markup]: string;
}

/** What a template takes: text, numbers, markup, lists of these; null, undefined and false leave nothing. */
export type Fragment = Html | string | number | null | undefined | false | readonly Fragment[];

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};

// Control characters, and those that turn the direction of text around: a hostile file name must not reorder a sentence of the report.
const unseen = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Text for an element or a quoted attribute: markup characters as entities, unseen ones as U+FFFD (line breaks and tabs stay). */
export function escapeText(text: string): string {
  return text
    .replace(unseen, (character) => (character === "\n" || character === "\t" ? character : "\ufffd"))
    .replace(/[&<>"'`]/g, (character) => entities[character]!);
}

function render(value: Fragment): string {
  if (value === null || value === undefined || value === false) return "";
  if (typeof value === "string") return escapeText(value);
  if (typeof value === "number") return String(value);
  return markup in value ? value[markup] : value.map(render).join("");
}

/** Template tag. Attributes that hold a value must be quoted; the tests of the page check it. */
export function html(strings: TemplateStringsArray, ...values: readonly Fragment[]): Html {
  return { [markup]: strings.map((part, i) => (i === 0 ? part : render(values[i - 1]) + part)).join("") };
}

/** Marks a constant of this program as markup (the style sheet). Never for anything that was read. */
export const trusted = (constant: string): Html => ({ [markup]: constant });

/** The characters of finished markup. */
export const textOf = (fragment: Html): string => fragment[markup];
