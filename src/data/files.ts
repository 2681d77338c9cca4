// Reading files that may be anything: sizes are known before memory is taken, and every failure says what was expected.
import { createReadStream, type Dirent } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { DataError } from "./errors.js";

/** Two GiB: above this one array no longer holds a set on every supported Node. */
export const MAX_BYTES = 2 ** 31 - 1;

function reasonOf(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException | null)?.code;
  if (code === "ENOENT" || code === "ENOTDIR") return "nothing of that name";
  if (code === "EACCES" || code === "EPERM") return "no permission to read it";
  return cause instanceof Error ? cause.message : String(cause);
}

/** Tells a regular file from a folder, with the file's size. Throws DataError for anything else. */
export async function inspectPath(path: string, expected: string): Promise<{ isFolder: boolean; bytes: number }> {
  const found = await stat(path).catch((cause) => {
    throw new DataError({ file: path, expected, actual: reasonOf(cause), advice: "check the path", cause });
  });
  if (!found.isFile() && !found.isDirectory()) {
    throw new DataError({ file: path, expected, actual: "neither a file nor a folder" });
  }
  return { isFolder: found.isDirectory(), bytes: found.size };
}

/** What a folder holds, sorted by code unit, hidden names left out. */
export async function listFolder(path: string): Promise<Dirent[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((cause) => {
    throw new DataError({ file: path, expected: "a folder", actual: reasonOf(cause), cause });
  });
  const shown = entries.filter((entry) => !entry.name.startsWith("."));
  return shown.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Reads a whole file that must not be larger than `limit` bytes. */
export async function readBounded(path: string, expected: string, limit = MAX_BYTES): Promise<Uint8Array> {
  const { isFolder, bytes } = await inspectPath(path, expected);
  if (isFolder) throw new DataError({ file: path, expected, actual: "a folder" });
  if (bytes > limit) {
    throw new DataError({ file: path, expected: `at most ${limit} bytes`, actual: `${bytes} bytes` });
  }
  return readFile(path).catch((cause) => {
    throw new DataError({ file: path, expected, actual: reasonOf(cause), cause });
  });
}

/**
 * Reads a file (unpacked when its name ends in `.gz`) whose length follows from its header. `totalFrom` sees the header
 * and returns the length in bytes that the whole must have, or throws. Memory is taken as bytes arrive and reading stops
 * as soon as there are too many, so neither a false header nor a packed bomb costs more than the promised length.
 */
export async function readPromised(
  path: string,
  headerBytes: number,
  totalFrom: (header: DataView) => number,
): Promise<Uint8Array> {
  const expected = `a file with a header of ${headerBytes} bytes`;
  if ((await inspectPath(path, expected)).isFolder) throw new DataError({ file: path, expected, actual: "a folder" });
  const packed = path.toLowerCase().endsWith(".gz");
  const raw = createReadStream(path);
  const source = packed ? raw.pipe(createGunzip()) : raw;
  raw.on("error", (cause) => source.destroy(cause));

  const chunks: Uint8Array[] = [];
  let bytes = 0;
  let total: number | undefined;
  try {
    for await (const chunk of source as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (total === undefined && bytes >= headerBytes) {
        const header = Uint8Array.from(Buffer.concat(chunks).subarray(0, headerBytes));
        total = totalFrom(new DataView(header.buffer));
      }
      if (total !== undefined && bytes > total) {
        const actual = "more bytes after it";
        throw new DataError({ file: path, offset: total, expected: "the end, as its header promises", actual });
      }
    }
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    const wanted = packed ? "intact gzip data" : expected;
    throw new DataError({ file: path, expected: wanted, actual: reasonOf(cause), cause });
  } finally {
    raw.destroy();
  }
  if (total === undefined) throw new DataError({ file: path, offset: bytes, expected, actual: `the end` });
  if (bytes < total) {
    const advice = "the file is cut off: fetch it again";
    throw new DataError({
      file: path,
      offset: bytes,
      expected: `${total} bytes, as its header promises`,
      actual: "the end",
      advice,
    });
  }
  return Buffer.concat(chunks, bytes);
}
