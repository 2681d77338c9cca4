// IDX, the format of MNIST and its kin (http://yann.lecun.com/exdb/mnist/): big-endian header, then bytes. An image file
// (magic 0x00000803: count, rows, columns) and a label file (magic 0x00000801: count), each plain or packed as .gz.
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import type { Dataset } from "../dataset.js";
import { defineSource } from "../define.js";
import { DataError } from "../errors.js";
import { inspectPath, listFolder, MAX_BYTES, readPromised } from "../files.js";

const IMAGES = { magic: 0x00000803, headerBytes: 16, what: "images" };
const LABELS = { magic: 0x00000801, headerBytes: 8, what: "labels" };
const MAX_EDGE = 4096;

type Kind = typeof IMAGES;

const hex = (value: number) => `0x${value.toString(16).padStart(8, "0")}`;

/** Reads one file; returns its numbers and the sizes in its header. */
async function readIdx(file: string, kind: Kind): Promise<{ data: Uint8Array; sizes: number[] }> {
  let sizes: number[] = [];
  const bytes = await readPromised(file, kind.headerBytes, (header) => {
    const magic = header.getUint32(0);
    if (magic !== kind.magic) {
      const other = magic === IMAGES.magic ? " (images)" : magic === LABELS.magic ? " (labels)" : "";
      const expected = `the magic number ${hex(kind.magic)} of IDX ${kind.what}`;
      throw new DataError({ file, offset: 0, expected, actual: hex(magic) + other });
    }
    sizes = Array.from({ length: kind.headerBytes / 4 - 1 }, (_, i) => header.getUint32(4 + 4 * i));
    for (const [i, size] of sizes.entries()) {
      const [name, most] = i === 0 ? [`a count of ${kind.what}`, MAX_BYTES] : ["an edge in pixels", MAX_EDGE];
      if (size < 1 || size > most) {
        throw new DataError({ file, offset: 4 + 4 * i, expected: `${name} from 1 to ${most}`, actual: String(size) });
      }
    }
    const total = kind.headerBytes + sizes.reduce((product, size) => product * size, 1);
    if (total > MAX_BYTES) {
      const actual = `a header that promises ${total}`;
      throw new DataError({ file, offset: 4, expected: `at most ${MAX_BYTES} bytes`, actual });
    }
    return total;
  });
  return { data: bytes.subarray(kind.headerBytes), sizes };
}

/** `…images-idx3…` → `…labels-idx1…`, packed or not: the file that is there, else the first name tried. */
async function labelsBeside(images: string): Promise<string> {
  const name = basename(images).replace(/images([-.])idx3/, "labels$1idx1");
  if (name === basename(images)) {
    const expected = 'a name with "images-idx3", from which the name of the labels follows';
    throw new DataError({ file: images, expected, actual: "another name", advice: "set labels to the file of labels" });
  }
  const plain = name.replace(/\.gz$/i, "");
  const present = new Set((await listFolder(dirname(images))).map((entry) => entry.name));
  return join(dirname(images), [name, plain, `${plain}.gz`].find((candidate) => present.has(candidate)) ?? name);
}

async function imagesIn(folder: string, split: "train" | "test"): Promise<string> {
  const pattern =
    split === "train" ? /^train-images[-.]idx3-ubyte(\.gz)?$/ : /^(t10k|test)-images[-.]idx3-ubyte(\.gz)?$/;
  const found = (await listFolder(folder)).find((entry) => pattern.test(entry.name));
  if (found !== undefined) return join(folder, found.name);
  const expected = `${split === "train" ? "train" : "t10k"}-images-idx3-ubyte, plain or .gz`;
  throw new DataError({ file: folder, expected, actual: "no such file in this folder" });
}

async function openIdx(images: string, labelFile: string, classes: readonly string[]): Promise<Dataset> {
  const { data, sizes } = await readIdx(images, IMAGES);
  const { data: labels, sizes: labelSizes } = await readIdx(labelFile, LABELS);
  const [length, rows, columns] = sizes as [number, number, number];
  if (labelSizes[0] !== length) {
    const expected = `${length} labels, as many as images in ${images}`;
    throw new DataError({ file: labelFile, offset: 4, expected, actual: String(labelSizes[0]) });
  }
  const wrong = labels.findIndex((label) => label >= classes.length);
  if (wrong >= 0) {
    throw new DataError({
      file: labelFile,
      offset: LABELS.headerBytes + wrong,
      expected: `a label from 0 to ${classes.length - 1}`,
      actual: String(labels[wrong]),
      advice: "set classes if the set has more",
    });
  }
  const check = (index: number) => {
    if (Number.isInteger(index) && index >= 0 && index < length) return index;
    throw new RangeError(`record ${index} is outside idx, which has records 0 to ${length - 1}`);
  };
  const area = rows * columns;
  return {
    id: "idx",
    classes,
    shape: [1, rows, columns],
    length,
    synthetic: false,
    credits: [],
    label: (index) => labels[check(index)]!,
    pixels: (index) => data.subarray(check(index) * area, (index + 1) * area),
  };
}

export default defineSource({
  id: "idx",
  title: "IDX files: MNIST, Fashion-MNIST, EMNIST",
  options: z.strictObject({
    path: z.string().min(1).describe("the file of images, or a folder with the official file names"),
    labels: z
      .string()
      .min(1)
      .optional()
      .describe("the file of labels, where its name does not follow from the images'"),
    split: z.enum(["train", "test"]).default("train").describe("which official files of a folder"),
    classes: z.int().min(2).max(256).default(10).describe("how many classes there are; their names are numbers"),
  }),
  async open({ path, labels, split, classes }) {
    const { isFolder } = await inspectPath(path, "a file of IDX images, or a folder that holds it");
    const images = isFolder ? await imagesIn(path, split) : path;
    const names = Array.from({ length: classes }, (_, i) => String(i));
    return openIdx(images, labels ?? (await labelsBeside(images)), names);
  },
});
