// Opens tensor files: the one place of the models layer that reads files. A folder of .npy files is a list, as Flower
// hands out parameters.
import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Tensor } from "../../math/tensor.js";
import { failIn, quote, WeightsError } from "../weights-error.js";
import { readNpy } from "./npy.js";
import { readTensorBytes } from "./read-tensor-bytes.js";
import { asTensorFile, type TensorFile } from "./tensor-file.js";

/** The runtime's own limit of one file in memory. */
const FILE_LIMIT = 2 ** 31 - 1;
const FOLDER_LIMIT = 10_000;
const ENDING = ".npy";

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "nothing there",
  EACCES: "one that you may not read",
  EPERM: "one that you may not read",
  ELOOP: "links that lead in a circle",
  ENOTDIR: "a path through a file",
  ENAMETOOLONG: "a name that is too long",
};

/** Does a step on the file system; its errors become WeightsErrors that name `path`. */
function onDisk<T>(path: string, step: () => T): T {
  try {
    return step();
  } catch (cause) {
    if (cause instanceof WeightsError) throw cause;
    const { code = "", message } = cause as NodeJS.ErrnoException;
    return failIn(path)("a file or folder to read", reasons[code] ?? message, { cause });
  }
}

/**
 * The tensors of a safetensors, .npy, .npz or PyTorch file, told by its content, or of a folder of .npy files (names
 * beginning with a dot are passed over). Throws WeightsError that names `path`, what is wrong and what to do.
 */
export function readTensors(path: string): TensorFile {
  return onDisk(path, () => statSync(path)).isDirectory() ? readFolder(path) : readTensorBytes(readBytes(path), path);
}

function readFolder(path: string): TensorFile {
  const fail = failIn(path);
  const names = onDisk(path, () => readdirSync(path)).filter((name) => !name.startsWith("."));
  if (names.length > FOLDER_LIMIT) fail(`at most ${FOLDER_LIMIT} files`, `${names.length}`);
  const tensors = new Map<string, Tensor>();
  let total = 0;
  for (const name of names.sort()) {
    if (!name.endsWith(ENDING))
      fail("a folder of .npy files only", quote(name), { remedy: "name one file, or move others away" });
    const file = join(path, name);
    const bytes = readBytes(file);
    total += bytes.length;
    if (total > FILE_LIMIT) fail(`files of at most ${FILE_LIMIT} bytes together`, "more");
    tensors.set(name.slice(0, -ENDING.length), readNpy(bytes, file));
  }
  return asTensorFile("npy-folder", tensors, fail);
}

/** All bytes of a regular file: never of a pipe or a device, which may have no end. */
function readBytes(path: string): Uint8Array {
  const fail = failIn(path);
  const found = onDisk(path, () => statSync(path));
  if (!found.isFile()) fail("a regular file", found.isDirectory() ? "a folder" : "a device or pipe");
  return onDisk(path, () => {
    const descriptor = openSync(path, "r");
    try {
      const { size } = fstatSync(descriptor);
      if (size > FILE_LIMIT) fail(`at most ${FILE_LIMIT} bytes`, `${size}`, { remedy: "save the tensors in parts" });
      const bytes = new Uint8Array(size);
      let filled = 0;
      while (filled < size) {
        const count = readSync(descriptor, bytes, filled, size - filled, null);
        if (count === 0) fail(`${size} bytes`, `${filled}: it became shorter while it was read`);
        filled += count;
      }
      return bytes;
    } finally {
      closeSync(descriptor);
    }
  });
}
