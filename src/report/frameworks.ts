// What frameworks have for a defense, in lines: those that have nothing share one.
const NOTHING = "no ready part";

/** One pair per line: the frameworks it is about, and what they have. */
export function linesOfParts(inFrameworks: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  const entries = Object.entries(inFrameworks);
  const without = entries.filter(([, part]) => part === NOTHING).map(([framework]) => framework);
  const having = entries.filter(([, part]) => part !== NOTHING);
  return without.length === 0 ? having : [...having, [without.join(", "), NOTHING]];
}
