import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { encode, type ImageData } from "fast-png";
import { describe, expect, it } from "vitest";
import { loadSharp } from "./decode-picture.js";
import { DataError } from "./errors.js";
import { encodePng, pngDataUri } from "./png.js";
import { decodePng, PNG_SIGNATURE } from "./png-decode.js";

const sharp = await loadSharp();

describe("encodePng", () => {
  it("gives back the bytes that went in", () => {
    const picture = fc
      .record({ height: fc.integer({ min: 1, max: 9 }), width: fc.integer({ min: 1, max: 9 }) })
      .chain((size) =>
        fc.record({
          ...{ height: fc.constant(size.height), width: fc.constant(size.width) },
          data: fc.uint8Array({ minLength: 3 * size.height * size.width, maxLength: 3 * size.height * size.width }),
        }),
      );
    fc.assert(
      fc.property(picture, ({ height, width, data }) => {
        const back = decodePng(encodePng({ shape: [3, height, width], data }), "memory");
        expect(back.shape).toEqual([3, height, width]);
        expect(back.data).toEqual(data);
      }),
    );
  });

  it("rounds numbers in [0, 1], clamps the others and makes NaN black", () => {
    const data = Float64Array.of(0, 0.5, 1, -3, 2, Number.NaN, 0.001, 254.4 / 255);
    const back = decodePng(encodePng({ shape: [1, 2, 4], data }), "memory");
    expect([...back.data.subarray(0, 8)]).toEqual([0, 128, 255, 0, 255, 0, 0, 254]);
    expect(back.data.subarray(8, 16)).toEqual(back.data.subarray(0, 8));
  });

  it("makes a data URI and refuses shapes it cannot draw", () => {
    const uri = pngDataUri({ shape: [1, 1, 1], data: Uint8Array.of(9) });
    expect(uri).toMatch(/^data:image\/png;base64,iVBORw0KGgo[A-Za-z0-9+/]+=*$/);
    expect(() => encodePng({ shape: [2, 1, 1], data: new Uint8Array(2) })).toThrow(/1 or 3 channels.*\[2, 1, 1\]/);
    expect(() => encodePng({ shape: [1, 2, 2], data: new Uint8Array(3) })).toThrow(RangeError);
  });
});

describe("decodePng", () => {
  const rgb = (png: ImageData) => [...decodePng(encode(png), "memory").data];

  it.each<[name: string, png: ImageData, planar: number[]]>([
    ["16 bits", { width: 1, height: 1, depth: 16, channels: 3, data: Uint16Array.of(0, 32896, 65535) }, [0, 128, 255]],
    ["alpha over white", { width: 1, height: 1, channels: 4, data: Uint8Array.of(100, 0, 255, 51) }, [224, 204, 255]],
    [
      "grey and alpha",
      { width: 2, height: 1, channels: 2, data: Uint8Array.of(7, 255, 7, 0) },
      [7, 255, 7, 255, 7, 255],
    ],
    [
      "1 bit, rows ending within a byte",
      { width: 3, height: 2, depth: 1, channels: 1, data: Uint8Array.of(0b10100000, 0b01000000) },
      [1, 2, 3].flatMap(() => [255, 0, 255, 0, 255, 0]),
    ],
    [
      "2 bits",
      { width: 4, height: 1, depth: 2, channels: 1, data: Uint8Array.of(0b00011011) },
      [1, 2, 3].flatMap(() => [0, 85, 170, 255]),
    ],
    [
      "a palette",
      {
        width: 2,
        height: 1,
        depth: 8,
        channels: 1,
        data: Uint8Array.of(1, 0),
        palette: [
          [1, 2, 3],
          [4, 5, 6],
        ],
      },
      [4, 1, 5, 2, 6, 3],
    ],
  ])("reads %s", (_, png, planar) => {
    expect(rgb(png)).toEqual(planar);
  });

  it.skipIf(!sharp)("reads interlaced pictures as libpng does", async () => {
    const raw = { width: 11, height: 9, channels: 3 as const };
    const noise = Buffer.from(Array.from({ length: 297 }, (_, i) => (i * i * 31) % 251));
    const interlaced = await sharp!(noise, { raw }).png({ progressive: true }).toBuffer();
    const plain = encodePng(decodePng(interlaced, "memory"));
    expect(interlaced[28]).toBe(1);
    expect(await sharp!(plain).removeAlpha().raw().toBuffer()).toEqual(noise);
  });

  const word = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);
  const good = encodePng({ shape: [3, 4, 5], data: Uint8Array.from({ length: 60 }, (_, i) => i * 4) });
  /** A PNG with a correct checksum everywhere: the given header fields and packed pixel data. */
  function build(width: number, height: number, fields: number[], idat: Uint8Array): Uint8Array {
    const chunk = (type: string, body: number[]) => {
      const covered = [...Buffer.from(type), ...body];
      return [...word(body.length), ...covered, ...word(checksum(covered))];
    };
    const header = [...word(width), ...word(height), ...fields];
    return Uint8Array.from([
      ...PNG_SIGNATURE,
      ...chunk("IHDR", header),
      ...chunk("IDAT", [...idat]),
      ...chunk("IEND", []),
    ]);
  }
  const pixels = (bytes: number) => deflateSync(new Uint8Array(bytes));
  const rgb8 = [8, 2, 0, 0, 0];

  it("reads the hand-made file that the broken ones are made from", () => {
    expect(decodePng(build(2, 1, rgb8, pixels(7)), "memory").shape).toEqual([3, 1, 2]);
  });

  it.each<[name: string, bytes: Uint8Array, offset: number, message: RegExp]>([
    ["cut in the header", good.subarray(0, 20), 8, /at most 0 bytes.*found a chunk "IHDR" of 13/],
    [
      "cut in the data",
      good.subarray(0, 50),
      33,
      /at most \d+ bytes, which the file still holds, found a chunk "IDAT"/,
    ],
    ["cut before its end", good.subarray(0, -12), good.length - 12, /another PNG chunk/],
    ["a flipped bit", good.map((b, i) => (i === 45 ? b ^ 1 : b)), good.length - 16, /checksum of the chunk "IDAT"/],
    ["no pixels", build(0, 5, rgb8, pixels(0)), 16, /0 by 5/],
    ["huge", build(0xffffffff, 0xffffffff, rgb8, pixels(9)), 16, /1 to 64000000 pixels, found 4294967295 by/],
    ["promises", build(8000, 8000, rgb8, pixels(9)), 33, /pixel data of 192008000 bytes.*found 9/],
    ["a bomb", build(1, 1, rgb8, pixels(1e6)), 33, /pixel data of 4 bytes.*found more/],
    ["unpackable", build(1, 1, rgb8, Uint8Array.of(1, 2, 3)), 33, /none that unpack/],
    ["depth", build(1, 1, [3, 2, 0, 0, 0], pixels(4)), 24, /depth 3 with colour type 2/],
    ["method", build(1, 1, [8, 2, 0, 9, 0], pixels(4)), 26, /0, 9 and 0/],
    ["interlaced bits", build(8, 8, [1, 0, 0, 0, 1], pixels(15)), 28, /at least 8 bits.*without interlacing/],
  ])("refuses a file with %s", (_, bytes, offset, message) => {
    const decode = () => decodePng(bytes, "face.png");
    expect(decode).toThrow(DataError);
    expect(decode).toThrow(message);
    expect(decode).toThrow(`face.png, byte ${offset}: `);
  });

  it("turns unknown row filters and missing palettes into a DataError too", () => {
    expect(() => decodePng(build(1, 1, rgb8, deflateSync(Uint8Array.of(9, 0, 0, 0))), "f")).toThrow(DataError);
    expect(() => decodePng(build(1, 1, [8, 3, 0, 0, 0], pixels(2)), "f")).toThrow(/byte 33: expected a palette/);
  });

  it("turns any change of a good file, checksum repaired or not, into a picture or a DataError", () => {
    const sound = build(2, 2, rgb8, pixels(14));
    const byte = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(fc.nat(sound.length - 1), byte, fc.nat(12), fc.boolean(), (at, to, cut, repair) => {
        const bytes = sound.slice(0, sound.length - cut);
        if (at < bytes.length) bytes[at] = to;
        if (repair && at > 11 && at < 29) bytes.set(word(checksum([...bytes.subarray(12, 29)])), 29);
        try {
          expect(decodePng(bytes, "fuzz").data.length % 3).toBe(0);
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** CRC-32 bit by bit, independent of the one under test. */
function checksum(bytes: readonly number[]): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}
