// What a configuration may demand of an audit's cells (`assert:`): which cells, how serious, and the limits that they must keep to.
import { z } from "zod";

export const assertionLevels = ["off", "warn", "error"] as const;
export const aggregates = ["pessimistic", "median", "optimistic"] as const;

/** `{ "attack/*": [error, { maxIip: 0.1 }] }`. Keys are read by `selectorParts`, limits by assert.ts. */
export const assertSchema = z
  .record(
    z.string(),
    z.tuple([
      z.enum(assertionLevels),
      z
        .object({ aggregate: z.enum(aggregates).optional() })
        .catchall(z.number())
        .refine((limits) => Object.keys(limits).some((name) => name !== "aggregate"), {
          error: "names no limit, and so cannot fail; as in { maxLeaks: 0 }",
        }),
    ]),
  )
  .default({})
  .describe(
    "what must hold, else exit code 100: attack/…, defense/… or threat/… with *, a level, and limits such as maxLeaks, minScore, maxPsnr",
  );

export type Assertions = z.output<typeof assertSchema>;
export const selectorKinds = ["attack", "defense", "threat"] as const;

export interface SelectorPart {
  readonly kind: (typeof selectorKinds)[number];
  /** An id or letter; `*` stands for any letters. */
  readonly glob: string;
}

/** "attack/<id> threat/B" in its parts, all of which a cell must match; null for a text that is none. */
export function selectorParts(selector: string): readonly SelectorPart[] | null {
  const parts = selector.trim().split(/\s+/).map(partOf);
  return parts.every((part) => part !== null) ? (parts as SelectorPart[]) : null;
}

function partOf(text: string): SelectorPart | null {
  const [kind, glob, ...rest] = text.split("/");
  const known = selectorKinds.find((each) => each === kind);
  return known && glob && rest.length === 0 ? { kind: known, glob } : null;
}

/** Whether `word` is what `glob` stands for. */
export function matches(glob: string, word: string): boolean {
  const [first = "", ...rest] = glob.split("*");
  if (rest.length === 0) return glob === word;
  if (!word.startsWith(first)) return false;
  let at = first.length;
  for (const [i, part] of rest.entries()) {
    const found = i === rest.length - 1 ? word.length - part.length : word.indexOf(part, at);
    if (found < at || !word.startsWith(part, found)) return false;
    at = found + part.length;
  }
  return true;
}
