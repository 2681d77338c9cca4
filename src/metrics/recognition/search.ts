// What the searches of IIP share: one per way to compare pictures, one pass over the gallery for all reconstructions.
import type { Gallery, Image } from "../define.js";

export interface Sought {
  readonly picture: Image;
  /** The original's index in the gallery. */
  readonly record: number;
  /** Which pictures of the gallery are in the running; the original is. */
  admits(candidate: number): boolean;
}

export interface Search {
  /** Why a picture cannot be compared, or undefined. */
  refuse(picture: Image): string | undefined;
  /**
   * Per reconstruction the index of the nearest admitted picture, ties to the lowest; a search may stop at any picture that is nearer than the
   * original and not equal to it. Throws RangeError where the gallery's pictures have another size.
   */
  find(sought: readonly Sought[], gallery: Gallery): number[] | Promise<number[]>;
}
