// What tests and proofs of the PyTorch recipe share: its files for a picture, and how near a written PNG comes to it.
import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decode } from "fast-png";
import { openDataset } from "../src/data/open.js";

const python = "/usr/bin/python3";

/** True where Debian's python3-torch is not installed: tests of the recipe are then skipped by name. */
export const torchIsMissing = spawnSync(python, ["-c", "import torch"]).status !== 0;

/** Writes net.onnx, gradient.pt, .npz, .safetensors and after.pt of `record` (label byte and 3x32x32 bytes) into `folder`. */
export function recipe(folder: string, record: Uint8Array, net: "lenet" | "lenet-wide", seed: number): void {
  writeFileSync(join(folder, "picture.bin"), record);
  const [script, page] = ["./recipes.py", "../docs/recipes.md"].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  execFileSync(python, [script!, page!, "picture.bin", net, `${seed}`], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
}

/** A drawn portrait as such a record. */
export async function portrait(index: number): Promise<Uint8Array> {
  const set = await openDataset({ source: "portraits" });
  return Uint8Array.from([set.label(index), ...set.pixels(index)]);
}

/** PSNR in dB of a PNG against the picture of a record. */
export function decibelsOf(png: Uint8Array, record: Uint8Array): number {
  const { data, channels } = decode(png);
  const plane = (record.length - 1) / 3;
  let sum = 0;
  for (let c = 0; c < 3; c++) {
    for (let i = 0; i < plane; i++) sum += ((data[i * channels + c]! - record[1 + c * plane + i]!) / 255) ** 2;
  }
  return 10 * Math.log10((3 * plane) / sum);
}
