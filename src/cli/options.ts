// Values on the command line: numbers, lists, `key=value` pairs.
import { InvalidArgumentError } from "commander";
import { parse } from "yaml";

/** Collects a repeatable option. */
export const collect = (value: string, earlier: readonly string[]): string[] => [...earlier, value];

/** A whole number of at least `least` and at most `most`. */
export const wholeNumber =
  (least: number, most = Number.POSITIVE_INFINITY) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least || value > most || text.trim() === "") {
      const range = most === Number.POSITIVE_INFINITY ? `of at least ${least}` : `from ${least} to ${most}`;
      throw new InvalidArgumentError(`Expected a whole number ${range}.`);
    }
    return value;
  };

/** A TCP port; 0 is any free one. */
export const portNumber = wholeNumber(0, 65_535);

/** A number above 0. */
export const aboveZero = (text: string): number => {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError("Expected a number above 0.");
  return value;
};

/** `0,1,5` */
export const numberList = (text: string): number[] => text.split(",").map(wholeNumber(0));

/** `key=value` pairs; a value is read as YAML reads it: 3, 1e-4, true, word. Throws commander's InvalidArgumentError. */
export function pairs(texts: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf("=");
      if (at < 1) throw new InvalidArgumentError(`Expected key=value, got "${text}".`);
      return [text.slice(0, at), parse(text.slice(at + 1))];
    }),
  );
}

/** `id` or `id:key=value,key=value`. */
export function idWithOptions(text: string): { id: string; [option: string]: unknown } {
  const [id = "", rest] = split(text);
  return { ...(rest === undefined ? {} : pairs(rest.split(","))), id };
}

/** `source`, `source:path` or `source:key=value,…`. */
export function sourceWithOptions(text: string): { source: string; [option: string]: unknown } {
  const [source = "", rest] = split(text);
  if (rest === undefined) return { source };
  return { ...(/^\w+=/.test(rest) ? pairs(rest.split(",")) : { path: rest }), source };
}

function split(text: string): [string, string?] {
  const at = text.indexOf(":");
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
