// "Did you mean …": the valid word that a mistyped one stands for, or none when nothing is close. Adds to the plain word distance that
// people shorten ids (the first word of two) and that a far-fetched suggestion is worse than a list.
import { nearestWord } from "../data/nearest-word.js";

/** Letters that two words share, each counted as often as both have it. */
function sharedLetters(a: string, b: string): number {
  const rest = [...b];
  let shared = 0;
  for (const letter of a) {
    const position = rest.indexOf(letter);
    if (position < 0) continue;
    rest.splice(position, 1);
    shared++;
  }
  return shared;
}

/** The valid word that `word` most likely means; undefined when none shares two thirds of the longer word's letters. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  const typed = word.toLowerCase().slice(0, 64);
  if (typed.length >= 3) {
    const longer = words.filter((valid) => valid.toLowerCase().includes(typed));
    if (longer.length > 0) return longer.reduce((best, valid) => (valid.length < best.length ? valid : best));
  }
  const candidate = nearestWord(typed, words);
  if (candidate === undefined) return undefined;
  const shared = sharedLetters(typed, candidate.toLowerCase());
  return shared * 3 >= 2 * Math.max(typed.length, candidate.length) ? candidate : undefined;
}

/** An error's last sentence: the nearest valid word where there is one, else all of them. */
export function suggestion(word: string, words: readonly string[]): string {
  const candidate = nearest(word, words);
  return candidate === undefined ? `valid are: ${words.join(", ")}` : `did you mean "${candidate}"?`;
}
