// What clients make of pixels before they train.

/** Per-channel normalisation that clients apply to pixels in [0, 1] before the model. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}
