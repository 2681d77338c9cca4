// PNG, JPEG and WebP bytes to pixels. The content decides, not the file's name. PNG never needs sharp, so that its pixels
// are the same everywhere; JPEG uses sharp where it is installed and jpeg-js elsewhere (measured on 30 photos: pixels
// differ by at most 4 of 255, by at most 2 once shrunk to 32 by 32).
// Colour profiles and camera orientation are left alone, as in most training pipelines.
import { decode as decodeJpeg } from "jpeg-js";
import { DataError } from "./errors.js";
import { checkJpeg } from "./jpeg-check.js";
import { MAX_PIXELS, type RgbPicture, toPlanar } from "./planar.js";
import { decodePng, PNG_SIGNATURE } from "./png-decode.js";

/** Decodes the bytes of `file`. Throws DataError. */
export type PictureDecoder = (bytes: Uint8Array, file: string) => Promise<RgbPicture>;

type Sharp = typeof import("sharp").default;

/** The optional package `sharp`, or undefined where it is not installed. */
export async function loadSharp(): Promise<Sharp | undefined> {
  return import("sharp").then((module) => module.default).catch(() => undefined);
}

/** A decoder that uses the given sharp, or does without. */
export function createPictureDecoder(sharp: Sharp | undefined): PictureDecoder {
  return async (bytes, file) => {
    const startsWith = (magic: ArrayLike<number>, at = 0) => Array.from(magic).every((b, i) => bytes[at + i] === b);
    if (startsWith(PNG_SIGNATURE)) return decodePng(bytes, file);
    if (startsWith([0xff, 0xd8, 0xff])) {
      checkJpeg(bytes, file);
      return sharp ? decodeWith(sharp, bytes, file, "JPEG") : decodePlainJpeg(bytes, file);
    }
    if (startsWith(Buffer.from("RIFF")) && startsWith(Buffer.from("WEBP"), 8)) {
      if (sharp) return decodeWith(sharp, bytes, file, "WebP");
      const advice = "npm install sharp, which reads WebP";
      throw new DataError({ file, offset: 0, expected: "PNG or JPEG", actual: "WebP", advice });
    }
    const start = Buffer.from(bytes.subarray(0, 8)).toString("hex");
    const actual = bytes.length === 0 ? "an empty file" : `the bytes ${start}`;
    throw new DataError({ file, offset: 0, expected: "PNG, JPEG or WebP", actual });
  };
}

async function decodeWith(sharp: Sharp, bytes: Uint8Array, file: string, format: string): Promise<RgbPicture> {
  try {
    const picture = sharp(bytes, { limitInputPixels: MAX_PIXELS, ignoreIcc: true }).toColourspace("srgb");
    const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
    return toPlanar(data, info.width, info.height, info.channels);
  } catch (cause) {
    throw unsound(file, format, cause);
  }
}

function decodePlainJpeg(bytes: Uint8Array, file: string): RgbPicture {
  try {
    const { data, width, height } = decodeJpeg(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      maxResolutionInMP: MAX_PIXELS / 1e6,
    });
    if (width * height === 0) throw new RangeError(`${width} by ${height} pixels`);
    return toPlanar(data, width, height, 3);
  } catch (cause) {
    throw unsound(file, "JPEG", cause);
  }
}

function unsound(file: string, format: string, cause: unknown): DataError {
  const actual = cause instanceof Error ? cause.message : String(cause);
  return new DataError({ file, expected: `a sound ${format} of at most ${MAX_PIXELS} pixels`, actual, cause });
}
