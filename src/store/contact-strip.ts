// Several pictures side by side in one PNG: what a person sees when opening a cell's folder.
import { decode, encode } from "fast-png";

/** Pixels between two pictures. */
const GAP = 2;

interface Picture {
  readonly width: number;
  readonly height: number;
  /** RGBA, 8 bits each. */
  readonly pixels: Uint8Array;
}

function decodeUri(uri: string): Picture {
  const { width, height, data, channels, depth } = decode(Buffer.from(uri.slice(uri.indexOf(",") + 1), "base64"));
  if (depth !== 8 || (channels !== 1 && channels !== 3 && channels !== 4)) {
    throw new TypeError(
      `expected a PNG with 8 bits and 1, 3 or 4 channels, got ${depth} bits and ${channels} channels`,
    );
  }
  const pixels = new Uint8Array(width * height * 4);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) pixels[4 * i + c] = data[channels * i + (channels === 1 ? 0 : c)]!;
    pixels[4 * i + 3] = channels === 4 ? data[4 * i + 3]! : 255;
  }
  return { width, height, pixels };
}

/**
 * One PNG of all pictures in a row, transparent between them and where a picture is missing, so that places stay comparable.
 * Takes PNG data URIs; null stands for a missing picture. Returns null when all are missing.
 */
export function contactStrip(uris: readonly (string | null)[]): Uint8Array | null {
  const pictures = uris.map((uri) => (uri === null ? null : decodeUri(uri)));
  const present = pictures.filter((picture) => picture !== null);
  if (present.length === 0) return null;
  const tile = Math.max(...present.map(({ width }) => width));
  const height = Math.max(...present.map((picture) => picture.height));
  const width = pictures.length * (tile + GAP) - GAP;
  const strip = new Uint8Array(width * height * 4);
  pictures.forEach((picture, position) => {
    if (picture === null) return;
    for (let y = 0; y < picture.height; y++) {
      const row = picture.pixels.subarray(y * picture.width * 4, (y + 1) * picture.width * 4);
      strip.set(row, (y * width + position * (tile + GAP)) * 4);
    }
  });
  return encode({ width, height, data: strip, channels: 4, depth: 8 });
}
