// The binary layout of CIFAR-10 and CIFAR-100 (Krizhevsky 2009): label bytes, then 1,024 red, green and blue bytes.
import { join } from "node:path";
import { z } from "zod";
import type { Dataset } from "./dataset.js";
import { DataError } from "./errors.js";
import { inspectPath, MAX_BYTES, readBounded } from "./files.js";

const PIXELS = 3 * 32 * 32;

export interface CifarLayout {
  readonly id: string;
  /** Label bytes before the pixels of a record: 1 for CIFAR-10, 2 (coarse, fine) for CIFAR-100. */
  readonly labelBytes: number;
  /** The names of every label byte's values, in the order of the bytes. */
  readonly labels: readonly (readonly string[])[];
  /** Which label byte is the class. */
  readonly classByte: number;
  readonly officialFiles: Readonly<Record<"train" | "test", readonly string[]>>;
}

/** Options that both sets share. */
export const cifarOptions = {
  path: z.string().min(1).describe("a .bin file, or a folder with the official file names"),
  split: z.enum(["train", "test"]).default("train").describe("which official files of a folder"),
};

/** Opens records of a file, or of a folder's official files one after the other. Throws DataError. */
export async function openCifar(layout: CifarLayout, path: string, split: "train" | "test"): Promise<Dataset> {
  const recordBytes = layout.labelBytes + PIXELS;
  const official = layout.officialFiles[split];
  const wanted = `${layout.id} records of ${recordBytes} bytes, or a folder with ${official.join(", ")}`;
  const { isFolder } = await inspectPath(path, wanted);
  const files = isFolder ? official.map((name) => join(path, name)) : [path];
  const sizes = await Promise.all(files.map((file) => checkSize(layout, file, recordBytes)));
  const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
  if (total > MAX_BYTES) {
    throw new DataError({ file: path, expected: `at most ${MAX_BYTES} bytes`, actual: `${total} bytes` });
  }

  const data = new Uint8Array(total);
  let start = 0;
  for (const [i, file] of files.entries()) {
    const bytes = await readBounded(file, wanted);
    if (bytes.length !== sizes[i]) {
      throw new DataError({ file, expected: `${sizes[i]} bytes`, actual: `${bytes.length}; it changed while read` });
    }
    checkLabels(layout, file, bytes, recordBytes);
    data.set(bytes, start);
    start += bytes.length;
  }

  const length = total / recordBytes;
  const offsetOf = (index: number) => {
    if (Number.isInteger(index) && index >= 0 && index < length) return index * recordBytes;
    throw new RangeError(`record ${index} is outside ${layout.id}, which has records 0 to ${length - 1}`);
  };
  return {
    id: layout.id,
    classes: layout.labels[layout.classByte]!,
    shape: [3, 32, 32],
    length,
    synthetic: false,
    credits: [],
    label: (index) => data[offsetOf(index) + layout.classByte]!,
    pixels(index) {
      const first = offsetOf(index) + layout.labelBytes;
      return data.subarray(first, first + PIXELS);
    },
  };
}

async function checkSize(layout: CifarLayout, file: string, recordBytes: number): Promise<number> {
  const expected = `${layout.id} records of ${recordBytes} bytes`;
  const { isFolder, bytes } = await inspectPath(file, expected);
  if (isFolder) throw new DataError({ file, expected, actual: "a folder" });
  if (bytes === 0) throw new DataError({ file, offset: 0, expected, actual: "an empty file" });
  const rest = bytes % recordBytes;
  if (rest !== 0) {
    const otherBytes = recordBytes === PIXELS + 1 ? PIXELS + 2 : PIXELS + 1;
    const looksLike = recordBytes === PIXELS + 1 ? "cifar100" : "cifar10";
    const advice =
      bytes % otherBytes === 0
        ? `its length fits ${looksLike}: set source to that`
        : "it is cut off, or not the binary version of the set";
    throw new DataError({ file, offset: bytes - rest, expected, actual: `only ${rest} bytes to the end`, advice });
  }
  return bytes;
}

function checkLabels(layout: CifarLayout, file: string, bytes: Uint8Array, recordBytes: number): void {
  for (let start = 0; start < bytes.length; start += recordBytes) {
    for (const [i, names] of layout.labels.entries()) {
      const label = bytes[start + i]!;
      if (label >= names.length) {
        throw new DataError({
          file,
          offset: start + i,
          expected: `a label from 0 to ${names.length - 1} in record ${start / recordBytes}`,
          actual: String(label),
          advice: `check that this is the binary version of ${layout.id}`,
        });
      }
    }
  }
}
