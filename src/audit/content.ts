// A fingerprint of the user's own files behind a configuration. A path says nothing about what is in it: whoever trains on and saves to the
// same file must not be shown old results.
import { createHash, type Hash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Dataset } from "../data/dataset.js";
import { DataError } from "../data/errors.js";
import { openDataset } from "../data/open.js";
import { manifestBeside } from "./bring-generator.js";
import { filesOf } from "./captured.js";
import type { Config } from "./config.js";

/** Fingerprint of a case that reads embedded data only. */
export const embedded = "embedded";

/** 16 hexadecimal digits over pictures, labels and weights; `embedded` when nothing is read from files. */
export async function contentOf({
  data,
  surrogate,
  model,
  updates,
}: Pick<Config, "data" | "surrogate" | "model" | "updates">): Promise<string> {
  const hash = createHash("sha256");
  const { records: _, normalization: __, ...victims } = data;
  const { records: ___, shift: ____, generator, source, ...options } = surrogate;
  const sets = [await openDataset(victims)];
  if (source !== undefined) sets.push(await openDataset({ source, ...options }));
  const files = sets.filter(({ synthetic }) => !synthetic);
  for (const dataset of files) addDataset(hash, dataset);
  const captured = updates === undefined ? [] : await filesOf(updates);
  const brought = generator === undefined ? [] : [generator, manifestBeside(generator)];
  const own = [model.file, model.weights, ...brought, ...captured].filter((path) => path !== undefined);
  for (const path of own) await addPath(hash, path);
  return files.length === 0 && own.length === 0 ? embedded : hash.digest("hex").slice(0, 16);
}

/** A file, or a folder with all files in it. */
async function addPath(hash: Hash, path: string): Promise<void> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const actual = cause.code === "ENOENT" ? "nothing there" : (cause.code ?? cause.message);
    throw new DataError({ file: path, expected: "a file or folder to read", actual, advice: "check the path", cause });
  });
  if (found.isFile()) hash.update(await readFile(path));
  if (!found.isDirectory()) return;
  for (const name of (await readdir(path)).sort()) {
    hash.update(`\0${name}\0`);
    await addPath(hash, join(path, name));
  }
}

function addDataset(hash: Hash, dataset: Dataset): void {
  hash.update(JSON.stringify([dataset.id, dataset.shape, dataset.classes, dataset.length]));
  for (let record = 0; record < dataset.length; record++) {
    hash.update(`${dataset.label(record)}:`);
    hash.update(dataset.pixels(record));
  }
}
