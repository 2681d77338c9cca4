// What went wrong with a weight file: which file, at which byte or tensor, what was expected, what was there, and what
// to do.

export interface WeightsProblem {
  readonly file: string;
  /** Position of the first wrong byte, or the tensor at fault; neither when the file as a whole is the problem. */
  readonly at?: number | string;
  readonly expected: string;
  readonly actual: string;
  /** What to do next, as an order. */
  readonly remedy?: string;
}

/** Weights that cannot be used. The message alone is enough to find the place. */
export class WeightsError extends Error {
  override readonly name = "WeightsError";
  readonly file: string;
  readonly at: number | string | undefined;
  readonly expected: string;
  readonly actual: string;

  constructor({ file, at, expected, actual, remedy }: WeightsProblem, options?: ErrorOptions) {
    const place = at === undefined ? "" : typeof at === "number" ? `, byte ${at}` : `, tensor ${JSON.stringify(at)}`;
    super(`${file}${place}: expected ${expected}, found ${actual}${remedy ? `; ${remedy}` : ""}`, options);
    this.file = file;
    this.at = at;
    this.expected = expected;
    this.actual = actual;
  }
}

/** Where in the file, and what else an error should say. */
export type Details = Pick<WeightsProblem, "at" | "remedy"> & { readonly cause?: unknown };

/** Throws a WeightsError with the file already filled in. */
export type Fail = (expected: string, actual: string, details?: Details) => never;

/** The `Fail` of one file. */
export const failIn =
  (file: string): Fail =>
  (expected, actual, { cause, ...place } = {}) => {
    throw new WeightsError({ file, expected, actual, ...place }, { cause });
  };

const SHOWN = 100;

/**
 * A text from a stranger's file for a message: quoted, without control characters, and cut to a length that a message
 * can hold.
 */
export function quote(text: string): string {
  return JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text);
}

/** Texts for a message, the first of them where there are many. */
export function listFew(texts: readonly string[], shown = 8): string {
  const more = texts.length > shown ? ` and ${texts.length - shown} more` : "";
  return texts.slice(0, shown).join(", ") + more;
}

/** Names from a stranger's file for a message. */
export const listNames = (names: readonly string[]): string =>
  listFew(names.slice(0, 8).map(quote).concat(names.slice(8)));
