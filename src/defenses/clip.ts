// Clipping to a Euclidean norm, of a whole update or of every tensor by itself.
import type { Update } from "../federated/hooks.js";
import { mapUpdate, updateNorm } from "../federated/update.js";

/** `update`, shortened to `norm` if it is longer. */
export function clipUpdate(update: Update, norm: number): Update {
  const length = updateNorm(update);
  return length > norm ? mapUpdate(update, (value) => value * (norm / length)) : update;
}

/** Every tensor shortened to `norm` if it is longer. */
export const clipTensors = (update: Update, norm: number): Update =>
  new Map([...update].flatMap((entry) => [...clipUpdate(new Map([entry]), norm)]));
