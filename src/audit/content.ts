// A fingerprint of the user's own files behind a configuration. A path says nothing about what is in it: whoever trains on and saves to the
// same file must not be shown old results.
import { createHash, type Hash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Dataset } from "../data/dataset.js";
import { openDataset } from "../data/open.js";
import type { Config } from "./config.js";

/** Fingerprint of a case that reads embedded data only. */
export const embedded = "embedded";

/** 16 hexadecimal digits over pictures, labels and weights; `embedded` when nothing is read from files. */
export async function contentOf({ data, surrogate, model }: Config): Promise<string> {
  const hash = createHash("sha256");
  const { records: _, normalization: __, ...victims } = data;
  const { records: ___, source, ...options } = surrogate;
  const sets = [await openDataset(victims)];
  if (source !== undefined) sets.push(await openDataset({ source, ...options }));
  const files = sets.filter(({ synthetic }) => !synthetic);
  for (const dataset of files) addDataset(hash, dataset);
  if (model.weights !== undefined) hash.update(await readFile(model.weights));
  return files.length === 0 && model.weights === undefined ? embedded : hash.digest("hex").slice(0, 16);
}

function addDataset(hash: Hash, dataset: Dataset): void {
  hash.update(JSON.stringify([dataset.id, dataset.shape, dataset.classes, dataset.length]));
  for (let record = 0; record < dataset.length; record++) {
    hash.update(`${dataset.label(record)}:`);
    hash.update(dataset.pixels(record));
  }
}
