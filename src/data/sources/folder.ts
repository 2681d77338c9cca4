// A folder of pictures, one sub-folder per class (the layout of torchvision's ImageFolder), in a fixed order: class
// folders and files sorted by code unit, hidden names, links and everything that is no picture left out.
import { extname, join } from "node:path";
import { z } from "zod";
import type { Dataset } from "../dataset.js";
import { createPictureDecoder, loadSharp, type PictureDecoder } from "../decode-picture.js";
import { defineSource } from "../define.js";
import { DataError } from "../errors.js";
import { inspectPath, listFolder, MAX_BYTES, readBounded } from "../files.js";
import { fitSquare } from "../fit-square.js";

const PICTURES = new Set([".png", ".jpg", ".jpeg", ".webp"]);
const MAX_FILE_BYTES = 2 ** 28;
// Decoders run beside each other in sharp's threads; more would only raise the memory in use.
const AT_ONCE = 4;

interface Entry {
  readonly file: string;
  readonly label: number;
}

async function picturesOf(folder: string): Promise<string[]> {
  const entries = await listFolder(folder);
  const pictures = entries.filter((entry) => entry.isFile() && PICTURES.has(extname(entry.name).toLowerCase()));
  if (pictures.length > 0) return pictures.map((entry) => join(folder, entry.name));
  const ignored = entries.map((entry) => {
    if (entry.isSymbolicLink()) return `${entry.name} (a link)`;
    return entry.isDirectory() ? `${entry.name} (a folder)` : entry.name;
  });
  const shown = ignored.slice(0, 5).join(", ") + (ignored.length > 5 ? ` and ${ignored.length - 5} more` : "");
  throw new DataError({
    file: folder,
    expected: "at least one PNG, JPEG or WebP file for this class",
    actual: ignored.length === 0 ? "an empty folder" : `none; ignored: ${shown}`,
  });
}

async function readSquare(file: string, size: number, decode: PictureDecoder): Promise<Uint8Array> {
  const bytes = await readBounded(file, "a picture", MAX_FILE_BYTES);
  return fitSquare(await decode(bytes, file), size);
}

/** Opens a folder with the given decoder. Every picture is read now: a bad file is an error of opening, not of an audit. */
export async function openFolder(
  path: string,
  { size, perClass }: { size: number; perClass?: number | undefined },
  decode: PictureDecoder,
): Promise<Dataset> {
  const expected = "a folder with one sub-folder of pictures per class";
  if (!(await inspectPath(path, expected)).isFolder) throw new DataError({ file: path, expected, actual: "a file" });
  const found = await listFolder(path);
  // Links are no folders here, so that nothing outside `path` is read.
  const classes = found.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  if (classes.length === 0) {
    throw new DataError({ file: path, expected, actual: `no sub-folder among ${found.length} entries` });
  }
  const entries: Entry[] = [];
  for (const [label, name] of classes.entries()) {
    const pictures = await picturesOf(join(path, name));
    entries.push(...pictures.slice(0, perClass).map((file) => ({ file, label })));
  }
  const imageBytes = 3 * size * size;
  if (entries.length * imageBytes > MAX_BYTES) {
    const most = Math.floor(MAX_BYTES / imageBytes);
    const advice = "choose a smaller size or set perClass";
    throw new DataError({
      file: path,
      expected: `at most ${most} pictures of this size`,
      actual: `${entries.length}`,
      advice,
    });
  }

  const data = new Uint8Array(entries.length * imageBytes);
  // In rounds, so that the first bad file ends the work and the error is the same in every run.
  for (let start = 0; start < entries.length; start += AT_ONCE) {
    const round = entries.slice(start, start + AT_ONCE);
    const pictures = await Promise.allSettled(round.map(({ file }) => readSquare(file, size, decode)));
    for (const [i, picture] of pictures.entries()) {
      if (picture.status === "rejected") throw picture.reason;
      data.set(picture.value, (start + i) * imageBytes);
    }
  }

  const entryOf = (index: number) => {
    const entry = entries[index];
    if (entry === undefined) {
      throw new RangeError(`record ${index} is outside folder, which has records 0 to ${entries.length - 1}`);
    }
    return entry;
  };
  return {
    id: "folder",
    classes,
    shape: [3, size, size],
    length: entries.length,
    synthetic: false,
    credits: [],
    label: (index) => entryOf(index).label,
    pixels(index) {
      entryOf(index);
      return data.subarray(index * imageBytes, (index + 1) * imageBytes);
    },
  };
}

export default defineSource({
  id: "folder",
  title: "A folder of pictures, one sub-folder per class",
  options: z.strictObject({
    path: z.string().min(1).describe("the folder that holds the class folders"),
    size: z.int().min(8).max(1024).default(32).describe("pictures are cropped to a square of this edge, in pixels"),
    perClass: z.int().min(1).optional().describe("read only the first so many pictures of each class"),
  }),
  async open({ path, ...options }) {
    return openFolder(path, options, createPictureDecoder(await loadSharp()));
  },
});
