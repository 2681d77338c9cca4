// What clients make of pixels before they train.
import { tensor } from "../math/tensor.js";
import type { Batch } from "./dataset.js";

/** Per-channel normalisation that clients apply to pixels in [0, 1] before the model. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** Pixels as the model sees them. */
export function normalise({ inputs, labels }: Batch, normalization: Normalization | null): Batch {
  if (!normalization) return { inputs, labels };
  const plane = inputs.shape[2]! * inputs.shape[3]!;
  const data = inputs.data.map((value, i) => {
    const channel = Math.floor(i / plane) % inputs.shape[1]!;
    return (value - normalization.mean[channel]!) / normalization.deviation[channel]!;
  });
  return { inputs: tensor(inputs.shape, data), labels };
}
