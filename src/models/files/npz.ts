// Reads and writes .npz files: zip archives of .npy files, as numpy.savez and savez_compressed make them.
import { zipSync } from "fflate";
import type { Tensor } from "../../math/tensor.js";
import { readNpy, writeNpy } from "./npy.js";
import type { ZipFile } from "./zip.js";

const ENDING = ".npy";

/** Whether an archive is NumPy's: it holds arrays and nothing else. */
export const isNpz = (zip: ZipFile): boolean => zip.entries.every((name) => name.endsWith(ENDING));

/**
 * All arrays of an opened archive by name, in its order. Throws WeightsError naming the entry that is damaged or no
 * array.
 */
export function readNpzEntries(zip: ZipFile): Map<string, Tensor> {
  return new Map(zip.entries.map((name) => [name.slice(0, -ENDING.length), readNpy(zip.read(name), zip.nameOf(name))]));
}

/**
 * The earliest date that zip can say: the same tensors give the same bytes on any day. Local time, as zip has no zones.
 */
const EPOCH = new Date(1980, 0, 1);

/**
 * A file that holds `tensors` under their names, uncompressed as numpy.savez writes it; a list of tensors becomes
 * arr_0, arr_1, …
 */
export function writeNpz(tensors: ReadonlyMap<string, Tensor> | readonly Tensor[]): Uint8Array {
  const named =
    tensors instanceof Map ? [...tensors] : [...tensors.values()].map((held, i) => [`arr_${i}`, held] as const);
  const entries = named.map(([name, held]) => [`${name}${ENDING}`, writeNpy(held)] as const);
  return zipSync(Object.fromEntries(entries), { level: 0, mtime: EPOCH });
}
