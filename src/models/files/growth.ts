// How much larger than its file a tensor file may become in memory. Compression, expanded views and shared storages all
// make a small file large, for good reasons (a sparse update, tied weights) and bad ones (a zip bomb); one limit holds
// for all.

const MIB = 2 ** 20;
const FREE = 64 * MIB;
const RATIO = 32;
const RATIO_UP_TO = 1024 * MIB;
const LARGE_RATIO = 4;

/**
 * Bytes that a file of `fileBytes` may unfold to: 64 MiB whatever its size, 32 times its size up to 1 GiB, else 4 times
 * its size.
 */
export function growthLimit(fileBytes: number): number {
  return Math.max(FREE, Math.min(RATIO * fileBytes, RATIO_UP_TO), LARGE_RATIO * fileBytes);
}
