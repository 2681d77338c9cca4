// The portraits that the page offers: drawn people who do not exist, labelled by the colour of their hair.
import set from "virtual:portraits";
import type { Picture } from "./protocol.js";

export interface Portrait {
  readonly picture: Picture;
  readonly label: number;
}

/** Bytes 0 to 255 out of base64. */
export const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

export const { classes, credits } = set;

export const portraits: readonly Portrait[] = set.shown.map(({ label, pixels }) => {
  const [, height, width] = set.shape;
  return { label, picture: { width, height, pixels: Float32Array.from(bytesOf(pixels), (byte) => byte / 255) } };
});
