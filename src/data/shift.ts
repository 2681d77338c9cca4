// How far the adversary's pictures are from the victim's (spec/attacks-generative.md 1.3): other classes, another style, damaged pictures. The
// severity goes from 0, nothing, to 1; attacks that learn from surrogate pictures stand and fall with it.
import { z } from "zod";
import type { Random } from "../math/random.js";
import { tensor } from "../math/tensor.js";
import type { Batch, Dataset } from "./dataset.js";
import { corrupt } from "./shift-corruption.js";

export const shiftSchema = z
  .strictObject({
    kind: z
      .enum(["none", "classes", "style", "corruption"])
      .default("none")
      .describe(
        "classes: fewer pictures of the victim's classes; style: less colour, fewer tones; corruption: fading, blur, noise and JPEG blocks",
      ),
    severity: z.number().min(0).max(1).default(1),
  })
  .describe("how unlike the client's pictures they are");

export type Shift = z.infer<typeof shiftSchema>;

/** Whether a picture stays among the surrogate ones: of the victim's classes (by name, for sources number theirs differently) only the share 1 - severity does. */
export function keepsRecord({ kind, severity }: Shift, victimClasses: ReadonlySet<string>, random: Random) {
  return ({ classes, label }: Pick<Dataset, "classes" | "label">, record: number): boolean =>
    kind !== "classes" ||
    !victimClasses.has(classes[label(record)]!) ||
    random.split("record", record).uniform() >= severity;
}

/** The pictures as the adversary has them, pixels in [0, 1]. */
export function shiftPictures(batch: Batch, { kind, severity }: Shift, random: Random): Batch {
  if (severity === 0 || (kind !== "style" && kind !== "corruption")) return batch;
  const { shape, data } = batch.inputs;
  const [count, channels, height, width] = shape as [number, number, number, number];
  const out = Float64Array.from(data);
  for (let image = 0; image < count; image++) {
    const own = out.subarray(image * channels * height * width, (image + 1) * channels * height * width);
    if (kind === "style") restyle(own, channels, severity);
    else corrupt(own, { channels, height, width }, severity, random.split("picture", image));
  }
  return { ...batch, inputs: tensor(shape, out) };
}

/** Tones of a channel that are left at severity 1. */
const FEWEST_TONES = 4;

/** Colours move towards their mean, tones towards the nearest of a few. */
function restyle(picture: Float64Array, channels: number, severity: number): void {
  const plane = picture.length / channels;
  const steps = 255 ** (1 - severity) * (FEWEST_TONES - 1) ** severity;
  for (let i = 0; i < plane; i++) {
    let grey = 0;
    for (let c = 0; c < channels; c++) grey += picture[c * plane + i]! / channels;
    for (let c = 0; c < channels; c++) {
      const pale = picture[c * plane + i]! * (1 - severity) + grey * severity;
      picture[c * plane + i] = Math.min(1, Math.round(pale * steps) / steps);
    }
  }
}
