// What a defense did in one round: a receipt per defense, so that one that does nothing is seen.
import type { Distortion } from "./update.js";

export interface Receipt {
  readonly defense: string;
  /** Of the update: null for a defense that acts elsewhere (data, model, aggregation). */
  readonly distortion: Distortion | null;
  /** Bytes on the wire before and after the defense. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly milliseconds: number;
  /** True when the defense left everything that it acts on bit-equal. */
  readonly identity: boolean;
}
