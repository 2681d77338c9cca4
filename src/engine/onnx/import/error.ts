// What went wrong with an ONNX file: which file, at which byte, node or tensor, what was expected, what was there, and what to do.

export interface OnnxProblem {
  readonly file: string;
  /** The place in the file, such as `byte 12` or `node "/conv1/Conv" (Conv)`; absent when the file as a whole is the problem. */
  readonly at?: string;
  readonly expected: string;
  readonly actual: string;
  /** What to do next, as an order. */
  readonly remedy?: string;
}

/** An ONNX model that cannot be imported. The message alone is enough to find the place. */
export class OnnxImportError extends Error {
  override readonly name = "OnnxImportError";
  readonly file: string;
  readonly at: string | undefined;

  constructor({ file, at, expected, actual, remedy }: OnnxProblem, options?: ErrorOptions) {
    const place = at === undefined ? "" : `, ${at}`;
    super(`${file}${place}: expected ${expected}, found ${actual}${remedy ? `; ${remedy}` : ""}`, options);
    this.file = file;
    this.at = at;
  }
}

/** Throws an OnnxImportError with the file and place already filled in. */
export type Fail = (expected: string, actual: string, remedy?: string, cause?: unknown) => never;

export const failIn =
  (file: string, at?: string): Fail =>
  (expected, actual, remedy, cause) => {
    const problem = { file, expected, actual, ...(at ? { at } : {}), ...(remedy ? { remedy } : {}) };
    throw new OnnxImportError(problem, { cause });
  };

const SHOWN = 40;

/** Names for a message, quoted, the first of them where there are many. */
export function quoted(names: Iterable<string>): string {
  const all = [...names];
  const more = all.length > SHOWN ? ` and ${all.length - SHOWN} more` : "";
  return (
    all
      .slice(0, SHOWN)
      .map((name) => JSON.stringify(short(name)))
      .join(", ") + more
  );
}

/** A text from a stranger's file, cut to a length that a message can hold. */
export const short = (text: string): string => (text.length > 120 ? `${text.slice(0, 117)}...` : text);
