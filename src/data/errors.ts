// What went wrong with data that came from outside: which file, at which byte, what was expected and what was there.

export interface DataProblem {
  readonly file: string;
  /** Position of the first wrong byte (decompressed, for .gz); absent when the file as a whole is the problem. */
  readonly offset?: number;
  readonly expected: string;
  readonly actual: string;
  /** What the user can do about it, as a clause: `unpack the archive first`. */
  readonly advice?: string;
  readonly cause?: unknown;
}

/** A file or folder that cannot be used as data. The message alone is enough to find and repair it. */
export class DataError extends Error {
  override readonly name = "DataError";
  readonly file: string;
  readonly offset: number | undefined;
  readonly expected: string;
  readonly actual: string;

  constructor({ file, offset, expected, actual, advice, cause }: DataProblem) {
    const place = offset === undefined ? file : `${file}, byte ${offset}`;
    const next = advice === undefined ? "" : `; ${advice}`;
    super(`${place}: expected ${expected}, found ${actual}${next}`, { cause });
    this.file = file;
    this.offset = offset;
    this.expected = expected;
    this.actual = actual;
  }
}
