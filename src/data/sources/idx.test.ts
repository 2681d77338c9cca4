import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DataError } from "../errors.js";
import { openDataset } from "../open.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "leakscope-idx-"));
});
afterAll(() => rm(folder, { recursive: true }));

function words(...values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value);
  return new Uint8Array(view.buffer);
}
const join2 = (a: Uint8Array, b: Iterable<number>) => Uint8Array.of(...a, ...b);
/** Images of 2 rows by 3 columns, the bytes counting up. */
const imageFile = (count: number) =>
  join2(
    words(0x803, count, 2, 3),
    Array.from({ length: 6 * count }, (_, i) => i),
  );
const labelFile = (...labels: number[]) => join2(words(0x801, labels.length), labels);

async function write(stem: string, images: Uint8Array, labels: Uint8Array, packed = false): Promise<string> {
  const ending = packed ? ".gz" : "";
  const path = join(folder, `${stem}-images-idx3-ubyte${ending}`);
  await writeFile(path, packed ? gzipSync(images) : images);
  await writeFile(join(folder, `${stem}-labels-idx1-ubyte${ending}`), packed ? gzipSync(labels) : labels);
  return path;
}

describe("idx", () => {
  it.each([false, true])("reads back what the files hold (packed: %s)", async (packed) => {
    const path = await write(`good${packed}`, imageFile(3), labelFile(7, 0, 9), packed);
    const set = await openDataset({ source: "idx", path });
    expect([set.length, set.shape, set.classes[9]]).toEqual([3, [1, 2, 3], "9"]);
    expect([0, 1, 2].map((i) => set.label(i))).toEqual([7, 0, 9]);
    expect([...set.pixels(1)]).toEqual([6, 7, 8, 9, 10, 11]);
    expect(() => set.pixels(3)).toThrow("records 0 to 2");
  });

  it("finds packed labels beside plain images, labels elsewhere, and the official names in a folder", async () => {
    const path = join(folder, "official");
    await mkdir(path);
    await expect(openDataset({ source: "idx", path })).rejects.toThrow(/train-images-idx3-ubyte.*no such file/);
    await writeFile(join(path, "t10k-images.idx3-ubyte"), imageFile(1));
    await writeFile(join(path, "t10k-labels.idx1-ubyte.gz"), gzipSync(labelFile(4)));
    expect((await openDataset({ source: "idx", path, split: "test" })).label(0)).toBe(4);
    await writeFile(join(path, "pictures.bin"), imageFile(2));
    await writeFile(join(path, "answers.bin"), labelFile(1, 11));
    const spec = { source: "idx", path: join(path, "pictures.bin"), labels: join(path, "answers.bin") };
    expect((await openDataset({ ...spec, classes: 12 })).label(1)).toBe(11);
    await expect(openDataset(spec)).rejects.toThrow(/byte 9: expected a label from 0 to 9, found 11; set classes/);
    await expect(openDataset({ source: "idx", path: spec.path })).rejects.toThrow(/set labels to the file/);
  });

  const good = imageFile(2);
  it.each<[name: string, images: Uint8Array, labels: Uint8Array, offset: number, message: RegExp]>([
    ["empty", new Uint8Array(0), labelFile(1), 0, /header of 16 bytes, found the end/],
    ["header cut", good.subarray(0, 9), labelFile(1, 2), 9, /header of 16 bytes, found the end/],
    ["swapped", labelFile(...new Array(20).fill(1)), labelFile(1), 0, /0x00000803 .*0x00000801 \(labels\)/],
    [
      "pixels cut",
      good.subarray(0, 20),
      labelFile(1, 2),
      20,
      /28 bytes, as its header promises, found the end; .*cut off/,
    ],
    ["too long", join2(good, [0]), labelFile(1, 2), 28, /more bytes after it/],
    ["no images", words(0x803, 0, 2, 3), labelFile(), 4, /count of images from 1/],
    ["no rows", words(0x803, 1, 0, 3), labelFile(1), 8, /edge in pixels from 1 to 4096, found 0/],
    ["overflow", words(0x803, 0x7fffffff, 4096, 4096), labelFile(1), 4, /at most 2147483647 bytes/],
    ["huge edge", words(0x803, 1, 0xffffffff, 0xffffffff), labelFile(1), 8, /found 4294967295/],
    ["promises", words(0x803, 1000, 1000, 1000), labelFile(1), 16, /1000000016 bytes, as its header promises/],
    ["labels short", good, labelFile(1), 4, /2 labels, as many as images.*found 1/],
    ["label range", good, labelFile(1, 10), 9, /label from 0 to 9, found 10/],
  ])("refuses files with %s", async (name, images, labels, offset, message) => {
    const path = await write(`bad ${name}`, images, labels);
    const error = await openDataset({ source: "idx", path }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(DataError);
    expect((error as DataError).message).toMatch(message);
    expect(error).toMatchObject({ offset });
  });

  it("stops at a packed bomb, and at damaged gzip data", async () => {
    const bomb = await write("bomb", join2(good, new Uint8Array(1000)), labelFile(1, 2), true);
    await expect(openDataset({ source: "idx", path: bomb })).rejects.toThrow(/more bytes after it/);
    const damaged = join(folder, "damaged-images-idx3-ubyte.gz");
    await writeFile(damaged, gzipSync(good).subarray(0, 20));
    await expect(openDataset({ source: "idx", path: damaged, labels: bomb })).rejects.toThrow(
      /expected intact gzip data/,
    );
    await expect(openDataset({ source: "idx", path: join(folder, "none-images-idx3-ubyte") })).rejects.toThrow(
      DataError,
    );
  });

  it("turns any change of good files into a set or a DataError", async () => {
    const change = fc.record({ at: fc.nat(good.length - 1), to: fc.nat(255), keep: fc.nat(40), packed: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(change, async ({ at, to, keep, packed }) => {
        const bytes = Uint8Array.from(good);
        bytes[at] = to;
        const path = await write("fuzz", bytes.subarray(0, keep), labelFile(1, 2), packed);
        const outcome = await openDataset({ source: "idx", path }).catch((e: unknown) => e);
        if (!(outcome instanceof DataError)) expect(outcome).toMatchObject({ id: "idx", length: 2 });
      }),
      { numRuns: 100 },
    );
  });
});

const sample = join(process.env.LEAKSCOPE_DATA ?? "../shared/data", "mnist-sample");
describe.skipIf(!existsSync(sample))("the MNIST sample (twin: the files written above)", () => {
  it.each(["train", "test"] as const)("has 100 %s digits of each kind, interleaved", async (split) => {
    const set = await openDataset({ source: "idx", path: sample, split });
    expect([set.length, set.shape]).toEqual([1000, [1, 28, 28]]);
    for (let i = 0; i < 1000; i++) expect(set.label(i)).toBe(i % 10);
    expect(Math.max(...set.pixels(0))).toBeGreaterThan(200);
  });
});
