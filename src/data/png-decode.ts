// PNG files from anywhere (W3C PNG, third edition). The file is checked here chunk by chunk, so that fast-png only ever
// sees sound input: every length is within the file, and the packed data unpacks to just what the header promises.
import { crc32, inflateSync } from "node:zlib";
import { convertIndexedToRgb, type DecodedPng, decode } from "fast-png";
import { DataError } from "./errors.js";
import { MAX_PIXELS, type RgbPicture, toPlanar } from "./planar.js";

export const PNG_SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** Samples per pixel and allowed bit depths of each colour type. */
const COLOR_TYPES: Readonly<Record<number, { samples: number; depths: readonly number[] }>> = {
  0: { samples: 1, depths: [1, 2, 4, 8, 16] },
  2: { samples: 3, depths: [8, 16] },
  3: { samples: 1, depths: [1, 2, 4, 8] },
  4: { samples: 2, depths: [8, 16] },
  6: { samples: 4, depths: [8, 16] },
};

// Adam7: first column and row, then the steps between columns and rows of each pass.
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

interface Chunk {
  readonly type: string;
  /** Where the chunk starts in the file: its length field. */
  readonly start: number;
  readonly body: Uint8Array;
  /** Length, type, body and checksum. */
  readonly whole: Uint8Array;
}

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colorType: number;
  readonly interlaced: boolean;
}

/** Decodes a PNG; alpha is laid over white, 16 bits are rounded to 8. Throws DataError with the offset in the file. */
export function decodePng(bytes: Uint8Array, file: string): RgbPicture {
  const chunks = readChunks(bytes, file);
  const header = readHeader(chunks[0]!, file);
  checkPixelData(chunks, header, file);
  // Other chunks may hide bombs (packed colour profiles); a palette beside RGB is only a hint, which fast-png would obey.
  const kinds = ["IHDR", "tRNS", "IDAT", "IEND", ...(header.colorType === 3 ? ["PLTE"] : [])];
  const needed = chunks.filter(({ type }) => kinds.includes(type));
  if (header.colorType === 3 && !chunks.some(({ type }) => type === "PLTE")) {
    throw new DataError({ file, offset: chunks[1]!.start, expected: "a palette (PLTE)", actual: "none in the file" });
  }
  try {
    return toRgb(decode(Buffer.concat([PNG_SIGNATURE, ...needed.map((chunk) => chunk.whole)])));
  } catch (cause) {
    const actual = cause instanceof Error ? cause.message : String(cause);
    throw new DataError({ file, expected: "a sound PNG", actual, cause });
  }
}

function readChunks(bytes: Uint8Array, file: string): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let start = PNG_SIGNATURE.length; chunks.at(-1)?.type !== "IEND"; ) {
    const left = bytes.length - start - 12;
    if (left < 0) {
      throw new DataError({ file, offset: bytes.length, expected: "another PNG chunk", actual: "the end of the file" });
    }
    const length = view.getUint32(start);
    const type = String.fromCharCode(...bytes.subarray(start + 4, start + 8));
    if (length > left) {
      const expected = `a chunk of at most ${left} bytes, which the file still holds`;
      throw new DataError({ file, offset: start, expected, actual: `a chunk "${type}" of ${length}` });
    }
    const end = start + 8 + length;
    if (crc32(bytes.subarray(start + 4, end)) !== view.getUint32(end)) {
      const expected = `the checksum of the chunk "${type}"`;
      throw new DataError({ file, offset: end, expected, actual: "another number; the file is damaged" });
    }
    chunks.push({ type, start, body: bytes.subarray(start + 8, end), whole: bytes.subarray(start, end + 4) });
    start = end + 4;
  }
  return chunks;
}

function readHeader({ type, start, body }: Chunk, file: string): Header {
  const at = start + 8;
  if (type !== "IHDR" || body.length !== 13) {
    const actual = `"${type}" of ${body.length} bytes`;
    throw new DataError({ file, offset: start, expected: "a PNG header of 13 bytes", actual });
  }
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colorType, compression, filter, interlace] = [8, 9, 10, 11, 12].map((i) => body[i]!) as [
    ...[number, number, number, number, number],
  ];
  if (width === 0 || height === 0 || width * height > MAX_PIXELS) {
    const expected = `a picture of 1 to ${MAX_PIXELS} pixels`;
    throw new DataError({ file, offset: at, expected, actual: `${width} by ${height}` });
  }
  if (!COLOR_TYPES[colorType]?.depths.includes(depth)) {
    const actual = `depth ${depth} with colour type ${colorType}`;
    throw new DataError({ file, offset: at + 8, expected: "a bit depth that the colour type allows", actual });
  }
  if (compression !== 0 || filter !== 0 || interlace > 1) {
    const actual = `${compression}, ${filter} and ${interlace}`;
    throw new DataError({ file, offset: at + 10, expected: "compression 0, filter 0 and interlace 0 or 1", actual });
  }
  if (interlace === 1 && depth < 8) {
    const advice = "save it without interlacing";
    const actual = `interlaced pixels of ${depth} bits`;
    throw new DataError({ file, offset: at + 12, expected: "at least 8 bits in an interlaced PNG", actual, advice });
  }
  return { width, height, depth, colorType, interlaced: interlace === 1 };
}

/** Bytes of the unpacked pixel data: every row starts with its filter's byte. */
function unpackedBytes({ width, height, depth, colorType, interlaced }: Header): number {
  const bits = depth * COLOR_TYPES[colorType]!.samples;
  const rows = (columns: number, count: number) => (columns > 0 ? count * (1 + Math.ceil((columns * bits) / 8)) : 0);
  if (!interlaced) return rows(width, height);
  return PASSES.reduce(
    (sum, [x, y, dx, dy]) => sum + rows(Math.ceil((width - x) / dx), Math.max(0, Math.ceil((height - y) / dy))),
    0,
  );
}

function checkPixelData(chunks: readonly Chunk[], header: Header, file: string): void {
  const data = chunks.filter((chunk) => chunk.type === "IDAT");
  const wanted = unpackedBytes(header);
  const offset = (data[0] ?? chunks.at(-1)!).start;
  const expected = `pixel data of ${wanted} bytes, as the header promises`;
  let actual: string;
  try {
    const packed = Buffer.concat(data.map((chunk) => chunk.body));
    const found = inflateSync(packed, { maxOutputLength: wanted + 1 }).length;
    if (found === wanted) return;
    actual = found > wanted ? "more" : String(found);
  } catch (cause) {
    const tooMany = (cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    actual = tooMany ? "more" : `none that unpack: ${(cause as Error).message}`;
  }
  throw new DataError({ file, offset, expected, actual });
}

function toRgb(png: DecodedPng): RgbPicture {
  const { width, height, depth } = png;
  if (png.palette) return toPlanar(convertIndexedToRgb(png), width, height, png.palette[0]!.length);
  const samples = depth < 8 ? unpackBits(png) : png.data;
  const bytes =
    depth === 8 ? Uint8Array.from(samples) : Uint8Array.from(samples, (v) => Math.round((v * 255) / (2 ** depth - 1)));
  const picture = toPlanar(bytes, width, height, png.channels);
  if (png.transparency) clearKey(picture, samples, png.transparency, png.channels);
  return picture;
}

/** Grey samples of 1, 2 or 4 bits, one number each; every row starts at a whole byte. */
function unpackBits({ width, height, depth, data }: DecodedPng): Uint8Array {
  const perByte = 8 / depth;
  const rowBytes = Math.ceil(width / perByte);
  const samples = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const byte = data[y * rowBytes + Math.floor(x / perByte)]!;
      samples[y * width + x] = (byte >> (8 - depth * ((x % perByte) + 1))) & (2 ** depth - 1);
    }
  }
  return samples;
}

/** Makes the pixels of the one transparent colour (tRNS of a grey or RGB picture) white, as alpha over white would. */
function clearKey(picture: RgbPicture, samples: ArrayLike<number>, key: ArrayLike<number>, channels: number): void {
  const area = picture.data.length / 3;
  for (let i = 0; i < area; i++) {
    let same = true;
    for (let c = 0; c < channels && same; c++) same = samples[i * channels + c] === key[c];
    if (same) for (let c = 0; c < 3; c++) picture.data[c * area + i] = 255;
  }
}
