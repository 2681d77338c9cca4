import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readBatch } from "../dataset.js";
import { DataError } from "../errors.js";
import { openDataset } from "../open.js";

const PIXELS = 3072;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "leakscope-cifar-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A file of records: the given label bytes, then pixel p of record r = (7 r + p) mod 256. */
function records(labels: readonly (readonly number[])[]): Uint8Array {
  const each = labels.map((bytes, r) => [...bytes, ...Array.from({ length: PIXELS }, (_, p) => (7 * r + p) % 256)]);
  return Uint8Array.from(each.flat());
}

async function write(name: string, bytes: Uint8Array): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, bytes);
  return file;
}

describe("cifar10", () => {
  it("reads back what a file holds", async () => {
    const path = await write("two.bin", records([[3], [9]]));
    const set = await openDataset({ source: "cifar10", path });
    expect([set.length, set.label(0), set.label(1)]).toEqual([2, 3, 9]);
    expect(set.classes[set.label(1)]).toBe("truck");
    expect([...set.pixels(1).subarray(0, 3)]).toEqual([7, 8, 9]);
    expect(set.pixels(0)).toHaveLength(PIXELS);
    expect(() => set.pixels(2)).toThrow("records 0 to 1");
    expect(() => set.label(-1)).toThrow(RangeError);
  });

  it("joins the official files of a folder in order and names the one that is missing", async () => {
    const path = join(folder, "official");
    await mkdir(path);
    for (const n of [1, 2, 3, 4, 5]) {
      if (n === 4) {
        await expect(openDataset({ source: "cifar10", path })).rejects.toThrow(
          /data_batch_4\.bin.*nothing of that name/,
        );
      }
      await writeFile(join(path, `data_batch_${n}.bin`), records([[n], [n + 1]]));
    }
    await writeFile(join(path, "test_batch.bin"), records([[0]]));
    const train = await openDataset({ source: "cifar10", path });
    expect(Array.from({ length: train.length }, (_, i) => train.label(i))).toEqual([1, 2, 2, 3, 3, 4, 4, 5, 5, 6]);
    expect((await openDataset({ source: "cifar10", path, split: "test" })).length).toBe(1);
  });

  const good = records([[1], [2]]);
  const withLabel = (offset: number, label: number) => good.map((byte, i) => (i === offset ? label : byte));
  it.each<[name: string, bytes: Uint8Array, offset: number, message: RegExp]>([
    ["empty", new Uint8Array(0), 0, /byte 0: expected cifar10 records of 3073 bytes, found an empty file/],
    ["cut off", good.subarray(0, 5000), 3073, /byte 3073: .*only 1927 bytes to the end; it is cut off/],
    ["one byte too long", Uint8Array.of(...good, 0), 6146, /byte 6146: .*only 1 bytes/],
    ["label 10", withLabel(3073, 10), 3073, /byte 3073: expected a label from 0 to 9 in record 1, found 10/],
    ["other set", records([[1, 2]]), 3073, /fits cifar100: set source/],
  ])("refuses a file that is %s", async (name, bytes, offset, message) => {
    const path = await write(`bad ${name}.bin`, bytes);
    const error = await openDataset({ source: "cifar10", path }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(DataError);
    expect((error as DataError).message).toMatch(message);
    expect(error).toMatchObject({ file: path, offset });
  });

  it("turns any change of a good file into a set or a DataError", async () => {
    const change = fc.record({ at: fc.nat(good.length - 1), to: fc.nat(255), cut: fc.nat(4), from: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(change, async ({ at, to, cut, from }) => {
        const bytes = good.slice(0, from ? at : good.length - cut);
        if (at < bytes.length) bytes[at] = to;
        const path = await write("fuzz.bin", bytes);
        const outcome = await openDataset({ source: "cifar10", path }).catch((e: unknown) => e);
        if (!(outcome instanceof DataError))
          expect(outcome).toMatchObject({ id: "cifar10", length: bytes.length / 3073 });
      }),
      { numRuns: 100 },
    );
  });
});

describe("cifar100", () => {
  it("takes the fine or the coarse label", async () => {
    const path = await write(
      "hundred.bin",
      records([
        [19, 99],
        [0, 4],
      ]),
    );
    const fine = await openDataset({ source: "cifar100", path });
    expect([fine.classes.length, fine.classes[fine.label(0)], fine.classes[fine.label(1)]]).toEqual([
      100,
      "worm",
      "beaver",
    ]);
    const coarse = await openDataset({ source: "cifar100", path, labels: "coarse" });
    expect([coarse.classes.length, coarse.classes[coarse.label(0)]]).toEqual([20, "vehicles_2"]);
    expect(coarse.pixels(0)).toEqual(fine.pixels(0));
    expect(fine.pixels(0)[5]).toBe(5);
  });

  it.each<[number[], RegExp]>([
    [[20, 0], /byte 0: expected a label from 0 to 19/],
    [[0, 100], /byte 1: expected a label from 0 to 99/],
  ])("refuses labels %j", async (labels, message) => {
    const path = await write("bad-label.bin", records([labels]));
    await expect(openDataset({ source: "cifar100", path })).rejects.toThrow(message);
  });
});

const sample = join(process.env.LEAKSCOPE_DATA ?? "../shared/data", "cifar10-sample/train_4000.bin");
describe.skipIf(!existsSync(sample))("the CIFAR-10 sample (twin: the files written above)", () => {
  it("has the known first labels, first pixel and class counts", async () => {
    const set = await openDataset({ source: "cifar10", path: sample });
    expect(Array.from({ length: 10 }, (_, i) => set.label(i))).toEqual([6, 9, 9, 4, 1, 1, 2, 7, 8, 3]);
    expect([0, 1024, 2048].map((p) => set.pixels(0)[p])).toEqual([59, 62, 63]);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < set.length; i++) counts[set.label(i)]!++;
    expect(counts).toEqual([396, 366, 420, 384, 422, 393, 414, 385, 407, 413]);
    const batch = readBatch(set, [0, 3999]);
    expect(batch.inputs.shape).toEqual([2, 3, 32, 32]);
    expect(batch.inputs.data[0]).toBe(59 / 255);
  });
});
