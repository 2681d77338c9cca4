// The library of ATS: 50 operations with fixed magnitudes, in the order of the authors' code (gaow0007/ATSPrivacy, policy.py), and policies as
// they are published, "3-1-7+43-18-18": two policies of three operations each. Every operation of a policy is always applied.
import type { Random } from "../../../math/random.js";
import { type OperationName, operations, type Picture } from "./operations.js";

/** Operations of one policy, by their place in the library; an empty one leaves pictures as they are. */
export type Policy = readonly number[];

/** Magnitudes of the ten steps 0 to 9. */
const scales: Readonly<Record<OperationName, (step: number) => number>> = {
  shearY: (step) => (0.3 * step) / 9,
  translateX: (step) => ((150 / 331) * step) / 9,
  translateY: (step) => ((150 / 331) * step) / 9,
  rotate: (step) => (30 * step) / 9,
  color: (step) => (0.5 * step) / 9,
  brightness: (step) => (0.5 * step) / 9,
  contrast: (step) => (0.5 * step) / 9,
  sharpness: (step) => (0.5 * step) / 9,
  posterize: (step) => Math.round(8 - (4 * step) / 9),
  solarize: (step) => 256 - (256 * step) / 9,
  autocontrast: () => 0,
  equalize: () => 0,
  invert: () => 0,
};

const named = (text: string): readonly [OperationName, number][] =>
  text.split(" ").map((entry) => {
    const [, name, step] = /^(\D+)(\d)$/.exec(entry)!;
    return [name as OperationName, Number(step)];
  });

/** Operation and step of every entry. */
export const library: readonly (readonly [OperationName, number])[] = [
  ...named("invert7 contrast6 rotate2 translateX9 sharpness1 sharpness3 shearY2 translateY2 autocontrast5 equalize2"),
  ...named("shearY5 posterize5 color3 brightness5 sharpness9 brightness9 equalize5 equalize1 contrast7 sharpness5"),
  ...named("color5 translateX5 equalize7 autocontrast8 translateY3 sharpness6 brightness6 color8 solarize0 invert0"),
  ...named("equalize0 autocontrast0 equalize8 equalize4 color5 equalize5 autocontrast4 solarize4 brightness3 color0"),
  ...named(
    "solarize1 autocontrast0 translateY3 translateY3 autocontrast1 solarize1 equalize5 invert0 translateY3 autocontrast1",
  ),
];

/** Policies as they are published; "" is one that does nothing. Null where the text is none, or an entry is not in the library. */
export function parsePolicies(text: string): Policy[] | null {
  const policies = text.split("+").map((policy) => (policy === "" ? [] : policy.split("-").map(Number)));
  const isEntry = (entry: number) => Number.isInteger(entry) && entry >= 0 && entry < library.length;
  return /^[\d+-]*$/.test(text) && !/-$|^-|--|-\+|\+-/.test(text) && policies.flat().every(isEntry) ? policies : null;
}

/** The picture after the operations of a policy, in order; directions are drawn. */
export function applyPolicy(picture: Picture, policy: Policy, random: Random): Picture {
  return policy.reduce((current, entry) => {
    const [name, step] = library[entry]!;
    return operations[name](current, scales[name](step), random.uniform() < 0.5 ? -1 : 1);
  }, picture);
}

/** A window of the picture's own size in a black frame of `padding` pixels, mirrored half of the time where `flip` says so. */
export function cropAndFlip({ shape, bytes }: Picture, padding: number, flip: boolean, random: Random): Picture {
  const [channels, height, width] = shape;
  const [down, right] = [random.integer(2 * padding + 1) - padding, random.integer(2 * padding + 1) - padding];
  const mirrored = flip && random.uniform() < 0.5;
  const result = new Uint8Array(bytes.length);
  for (let c = 0; c < channels; c++) {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const [y, x] = [row + down, (mirrored ? width - 1 - column : column) + right];
        if (y < 0 || x < 0 || y >= height || x >= width) continue;
        result[(c * height + row) * width + column] = bytes[(c * height + y) * width + x]!;
      }
    }
  }
  return { shape, bytes: result };
}
