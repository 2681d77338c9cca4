import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import jpeg from "jpeg-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPictureDecoder, loadSharp } from "../decode-picture.js";
import { DataError } from "../errors.js";
import { openDataset } from "../open.js";
import { encodePng } from "../png.js";
import { openFolder } from "./folder.js";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "leakscope-folder-"));
});
afterAll(() => rm(root, { recursive: true }));

const EDGE = 16;
type Color = readonly [red: number, green: number, blue: number];

function png([r, g, b]: Color): Uint8Array {
  const area = EDGE * EDGE;
  const data = Uint8Array.from({ length: 3 * area }, (_, i) => [r, g, b][Math.floor(i / area)]!);
  return encodePng({ shape: [3, EDGE, EDGE], data });
}

function jpg([r, g, b]: Color, width = EDGE): Uint8Array {
  const data = Buffer.from(Array.from({ length: width * EDGE }, () => [r, g, b, 255]).flat());
  return jpeg.encode({ width, height: EDGE, data }, 95).data;
}

async function fill(name: string, files: Readonly<Record<string, Uint8Array>>): Promise<string> {
  for (const [file, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(root, name, file)), { recursive: true });
    await writeFile(join(root, name, file), bytes);
  }
  return join(root, name);
}

const meanColor = (pixels: Uint8Array) =>
  [0, 1, 2].map((c) => {
    const plane = pixels.subarray((c * pixels.length) / 3, ((c + 1) * pixels.length) / 3);
    return Math.round(plane.reduce((sum, v) => sum + v, 0) / plane.length);
  });

const sharp = await loadSharp();
const decoders = [
  { name: "without sharp", decode: createPictureDecoder(undefined) },
  ...(sharp ? [{ name: "with sharp", decode: createPictureDecoder(sharp) }] : []),
];

describe.each(decoders)("folder, $name", ({ decode }) => {
  it("reads classes and files in order, whatever their case and ending, and ignores the rest", async () => {
    const path = await fill("order", {
      "dogs/b.PNG": png([0, 200, 0]),
      "dogs/a.jpeg": jpg([0, 0, 200], 24),
      "dogs/notes.txt": Buffer.from("no picture"),
      "dogs/.hidden.png": Buffer.from("no picture"),
      "Cats/really-a-jpeg.png": jpg([200, 0, 0]),
      ".git/x.png": Buffer.from("no picture"),
      "readme.md": Buffer.from("no folder"),
    });
    const set = await openFolder(path, { size: 8 }, decode);
    expect([set.classes, set.length, set.shape]).toEqual([["Cats", "dogs"], 3, [3, 8, 8]]);
    expect([0, 1, 2].map((i) => set.label(i))).toEqual([0, 1, 1]);
    const wanted = [
      [200, 0, 0],
      [0, 0, 200],
      [0, 200, 0],
    ];
    for (const [i, color] of wanted.entries()) {
      for (const [c, value] of meanColor(set.pixels(i)).entries()) expect(Math.abs(value - color[c]!)).toBeLessThan(4);
    }
    expect(() => set.pixels(3)).toThrow("records 0 to 2");
    expect((await openFolder(path, { size: 8, perClass: 1 }, decode)).length).toBe(2);
  });

  const photo = jpg([90, 120, 30], 40);
  const start = photo.indexOf(0xc0, 100) - 1;
  const sized = (height: number, width: number) => {
    const bytes = Uint8Array.from(photo);
    new DataView(bytes.buffer).setUint16(start + 5, height);
    new DataView(bytes.buffer).setUint16(start + 7, width);
    return bytes;
  };
  it.each<[name: string, bytes: Uint8Array, offset: number, message: RegExp]>([
    ["empty.png", new Uint8Array(0), 0, /PNG, JPEG or WebP, found an empty file/],
    ["text.jpg", Buffer.from("hello, world"), 0, /found the bytes 68656c6c6f2c2077/],
    ["cut.png", png([1, 2, 3]).subarray(0, 50), 33, /a chunk "IDAT"/],
    ["cut.jpg", photo.subarray(0, -2), photo.length - 2, /the end-of-image marker/],
    ["cut-in-header.jpg", photo.subarray(0, 30), 30, /bytes of a segment/],
    ["stub.jpg", photo.subarray(0, 3), 3, /another JPEG segment/],
    ["damaged.jpg", photo.map((b, i) => (i === 20 ? 0 : b)), 20, /a JPEG marker/],
    ["huge.jpg", sized(0xffff, 0xffff), start + 5, /64000000 pixels, found 65535 by 65535/],
    ["flat.jpg", sized(0, 40), start + 5, /found 40 by 0/],
  ])("refuses %s and says where", async (name, bytes, offset, message) => {
    const path = await fill(`bad-${name}`, { "class/good.png": png([1, 2, 3]), [`class/${name}`]: bytes });
    const error = await openFolder(path, { size: 8 }, decode).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(DataError);
    expect((error as DataError).message).toMatch(message);
    expect(error).toMatchObject({ file: join(path, "class", name), offset });
  });

  it("turns any change of a good JPEG into a picture or a DataError", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(photo.length - 1), fc.nat(255), fc.nat(photo.length), async (at, to, cut) => {
        const bytes = photo.slice(0, cut % 4 === 0 ? cut : photo.length);
        if (at < bytes.length) bytes[at] = to;
        const outcome = await decode(bytes, "fuzz.jpg").catch((e: unknown) => e);
        if (!(outcome instanceof DataError)) expect(outcome).toHaveProperty("shape");
      }),
      { numRuns: 150 },
    );
  });
});

describe("folder", () => {
  it("says what was ignored when a class ends up empty", async () => {
    const path = await fill("empty", {
      "a/x.png": png([1, 1, 1]),
      "b/notes.txt": Buffer.from("x"),
      "b/deep/x.png": png([1, 1, 1]),
    });
    await symlink(join(path, "a/x.png"), join(path, "b/link.png"));
    await expect(openDataset({ source: "folder", path })).rejects.toThrow(
      /\/b: expected at least one PNG.*none; ignored: deep \(a folder\), link\.png \(a link\), notes\.txt/,
    );
    await mkdir(join(root, "hollow/a"), { recursive: true });
    await expect(openDataset({ source: "folder", path: join(root, "hollow") })).rejects.toThrow(/an empty folder/);
    await expect(openDataset({ source: "folder", path: join(root, "hollow/a") })).rejects.toThrow(/one sub-folder/);
    await expect(openDataset({ source: "folder", path: join(path, "a/x.png") })).rejects.toThrow(/found a file/);
    await expect(openDataset({ source: "folder", path: join(root, "none") })).rejects.toThrow(/nothing of that name/);
  });

  // The first bytes of any WebP file; enough to be recognised.
  it("asks for sharp when a WebP file meets none", async () => {
    const path = await fill("webp-alone", { "a/x.webp": Buffer.from("RIFF\0\0\0\0WEBPVP8 ") });
    await expect(openFolder(path, { size: 8 }, createPictureDecoder(undefined))).rejects.toThrow(/npm install sharp/);
  });

  it.skipIf(!sharp)("reads WebP with sharp, alpha over white, and refuses a broken one", async () => {
    const raw = { width: EDGE, height: EDGE, channels: 4 as const };
    const half = Buffer.from(Array.from({ length: EDGE * EDGE }, () => [200, 0, 0, 128]).flat());
    const webp = await sharp!(half, { raw }).webp({ lossless: true }).toBuffer();
    const path = await fill("webp", { "a/x.webp": webp });
    const set = await openDataset({ source: "folder", path, size: 8 });
    expect(meanColor(set.pixels(0))).toEqual([227, 127, 127]);
    const broken = await fill("webp-broken", { "a/x.webp": webp.subarray(0, 30) });
    await expect(openDataset({ source: "folder", path: broken })).rejects.toThrow(/a sound WebP/);
  });
});
