// Four faces drawn by formula, their noisy copies and the figures of these, for the sample of the report: they need no file and show nobody.
import { Buffer } from "node:buffer";
import { encode } from "fast-png";
import type { ImageJson, ScoreJson } from "../src/audit/audit-json.js";
import { createRandom } from "../src/math/random.js";

const side = 32;
const bytes = side * side * 3;

type Pixels = Float64Array;

/** Colours of hair, skin, shirt and ground, 0 to 255. */
const faces = [
  { hair: [72, 42, 26], skin: [238, 190, 150], shirt: [34, 96, 160], ground: [206, 226, 240] },
  { hair: [222, 178, 74], skin: [250, 214, 184], shirt: [180, 52, 70], ground: [236, 232, 214] },
  { hair: [24, 22, 28], skin: [140, 90, 62], shirt: [240, 188, 60], ground: [190, 220, 196] },
  { hair: [160, 62, 30], skin: [252, 206, 176], shirt: [70, 130, 84], ground: [224, 208, 236] },
] as const;

function drawFace(record: number): Pixels {
  const { hair, skin, shirt, ground } = faces[record % faces.length]!;
  const pixels = new Float64Array(bytes);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const dx = (x - 15.5) / 8;
      const dy = (y - 15) / 10;
      const eye = Math.hypot(Math.abs(x - 15.5) - 3.2, y - 15) < 1.3;
      const mouth = Math.abs(x - 15.5) < 3 && y === 20;
      const face = dx * dx + dy * dy < 1;
      const crown = ((x - 15.5) / 10) ** 2 + ((y - 13) / 11) ** 2 < 1;
      const colour =
        eye || mouth
          ? [40, 30, 40]
          : face && y > 9
            ? skin
            : crown && y < 21
              ? hair
              : y > 25 && Math.abs(x - 15.5) < 13
                ? shirt
                : ground;
      pixels.set(colour, 3 * (y * side + x));
    }
  }
  return pixels;
}

export function addNoise(pixels: Pixels, share: number, name: string): Pixels {
  const random = createRandom(7).split(name);
  return pixels.map((value) => Math.min(255, Math.max(0, (1 - share) * value + share * 255 * random.uniform())));
}

/** A PNG data URI of RGB pixels, 0 to 255. */
const pngOf = (pixels: ArrayLike<number>): string =>
  `data:image/png;base64,${Buffer.from(encode({ width: side, height: side, data: Uint8Array.from(pixels, Math.round), channels: 3 })).toString("base64")}`;

export const originals = [0, 1, 2, 3].map(drawFace);
export const meanFace = originals[0]!.map(
  (_, i) => originals.reduce((sum, pixels) => sum + pixels[i]!, 0) / originals.length,
);

function squaredError(a: Pixels, b: Pixels): number {
  return a.reduce((sum, value, i) => sum + ((value - b[i]!) / 255) ** 2, 0) / bytes;
}

const psnrOf = (mse: number) => Math.min(120, 10 * Math.log10(1 / mse));

function score(variant: string, perImage: (number | null)[], moreLeakage: "higher" | "lower" = "higher"): ScoreJson {
  const finite = perImage.filter((value) => value !== null);
  const best = moreLeakage === "higher" ? Math.max(...finite) : Math.min(...finite);
  const mean = finite.reduce((sum, value) => sum + value, 0) / finite.length;
  return {
    variant,
    moreLeakage,
    perImage,
    mean: finite.length > 0 ? mean : null,
    best: finite.length > 0 ? best : null,
  };
}

/** Figures of guesses at the four faces; `hits` decides the IIP. */
export function scoresOf(guesses: readonly Pixels[], hits: boolean): Record<string, ScoreJson> {
  const errors = guesses.map((guess, i) => squaredError(guess, originals[i]!));
  return {
    psnr: score("psnr/per-image", errors.map(psnrOf)),
    ssim: {
      ...score(
        "ssim/gauss11-valid",
        errors.map((mse, i) => (i === 3 ? null : 1 - Math.sqrt(mse))),
      ),
      reasons: ["a made-up reason"],
    },
    mse: score("mse/unit", errors, "lower"),
    iip: {
      ...score(
        "iip/pixel@all",
        errors.map(() => (hits ? 1 : 0)),
      ),
      note: "gallery of 2048 pictures, chance level 1/2048",
    },
  };
}

export function imagesOf(guesses: readonly Pixels[], leaked: boolean): ImageJson[] {
  return guesses.map((guess, i) => ({
    record: i,
    label: ["dark hair", "fair hair", "black hair", "red hair"][i]!,
    original: pngOf(originals[i]!),
    reconstruction: pngOf(guess),
    floor: pngOf(meanFace),
    leaked,
  }));
}
