// What went wrong with a weight file: which file, at which byte or tensor, what was expected and what was there.

export interface WeightsProblem {
  readonly file: string;
  /** Position of the first wrong byte, or the tensor at fault; neither when the file as a whole is the problem. */
  readonly at?: number | string;
  readonly expected: string;
  readonly actual: string;
}

/** Weights that cannot be used. The message alone is enough to find the place. */
export class WeightsError extends Error {
  override readonly name = "WeightsError";
  readonly file: string;
  readonly at: number | string | undefined;
  readonly expected: string;
  readonly actual: string;

  constructor({ file, at, expected, actual }: WeightsProblem, options?: ErrorOptions) {
    const place = at === undefined ? "" : typeof at === "number" ? `, byte ${at}` : `, tensor ${JSON.stringify(at)}`;
    super(`${file}${place}: expected ${expected}, found ${actual}`, options);
    this.file = file;
    this.at = at;
    this.expected = expected;
    this.actual = actual;
  }
}
