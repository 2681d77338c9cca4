// The data set of one run: the client's picture, and all portraits that are not that picture, which an adversary may own.
import others from "virtual:other-portraits";
import set from "virtual:portraits";
import type { Dataset } from "../../src/data/dataset.js";
import { bytesOf } from "./portraits.js";
import type { Picture } from "./protocol.js";

const drawn = [...set.shown, ...others].map(({ label, pixels }) => ({ label, pixels: bytesOf(pixels) }));

/** Record 0 is `picture`. */
export function galleryOf({ pixels }: Picture, label: number): Dataset {
  const own = Uint8Array.from(pixels, (value) => Math.round(255 * value));
  const records = [{ label, pixels: own }, ...drawn.filter((other) => other.pixels.some((byte, i) => byte !== own[i]))];
  return {
    id: "playground",
    classes: set.classes,
    shape: set.shape,
    length: records.length,
    synthetic: false,
    credits: set.credits,
    label: (index) => records[index]!.label,
    pixels: (index) => records[index]!.pixels,
  };
}
