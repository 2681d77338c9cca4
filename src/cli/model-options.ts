// Options about the user's own material: a model by name or file, image size, normalisation, labels.
import { InvalidArgumentError } from "commander";
import type { ImageShape } from "../data/dataset.js";
import type { Normalization } from "../threat/observation.js";
import { numberList } from "./options.js";

/** What a configuration's `model` says. */
export interface ModelChoice {
  readonly name?: string;
  readonly file?: string;
}

/** `lenet`, or `path/model.onnx`. */
export const modelChoice = (text: string): ModelChoice => (text.endsWith(".onnx") ? { file: text } : { name: text });

/** `3x32x32` */
export function imageShape(text: string): ImageShape {
  const extents = text.split("x").map(Number);
  if (extents.length !== 3 || !extents.every((extent) => Number.isInteger(extent) && extent >= 1)) {
    throw new InvalidArgumentError("Expected channels x height x width, such as 3x32x32.");
  }
  return extents as unknown as ImageShape;
}

/** Of images in [0, 1], as these data sets are usually prepared. */
const normalizations: Readonly<Record<string, Normalization | null>> = {
  none: null,
  imagenet: { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] },
  cifar10: { mean: [0.4914, 0.4822, 0.4465], deviation: [0.247, 0.2435, 0.2616] },
};

/** `none`, `imagenet`, `cifar10`, or `mean=0.5,0.5,0.5,std=0.2,0.2,0.2`; one number stands for all channels. */
export function normalization(text: string): Normalization | null {
  const named = Object.hasOwn(normalizations, text) ? normalizations[text] : undefined;
  if (named !== undefined) return named;
  const [, means = "", deviations = ""] = /^mean=([^=]+),std=([^=]+)$/.exec(text) ?? [];
  const [mean, deviation] = [means, deviations].map((list) => list.split(",").map(Number)) as [number[], number[]];
  const complete = [...mean, ...deviation].every(Number.isFinite) && means.trim() !== "" && deviations.trim() !== "";
  if (!complete || !deviation.every((each) => each > 0)) {
    const names = Object.keys(normalizations).join(", ");
    throw new InvalidArgumentError(`Expected ${names}, or mean=0.49,0.48,0.45,std=0.25,0.24,0.26.`);
  }
  return { mean, deviation };
}

/** One number for all channels, or as many as there are. Throws InvalidArgumentError. */
export function perChannel(given: Normalization | null, channels: number): Normalization | null {
  if (!given) return null;
  const spread = (list: readonly number[]): readonly number[] => {
    if (list.length === channels) return list;
    if (list.length === 1) return Array.from({ length: channels }, () => list[0]!);
    throw new InvalidArgumentError(
      `--normalization gives ${list.length} numbers for ${channels} channel(s); give ${channels} or one`,
    );
  };
  return { mean: spread(given.mean), deviation: spread(given.deviation) };
}

/** What the attacker knows of the labels; `known` without a list are the true ones, which only a simulated round has. */
export type LabelChoice = "recovered" | "known" | readonly number[];

/** `auto` or `recovered`, `known`, or `known:3,5`. */
export function labelChoice(text: string): LabelChoice {
  if (text === "auto" || text === "recovered") return "recovered";
  if (text === "known") return "known";
  if (text.startsWith("known:")) return numberList(text.slice("known:".length));
  throw new InvalidArgumentError("Expected auto, recovered, known, or known: and a list such as known:3,5.");
}
