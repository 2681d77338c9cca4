// A generator that the adversary owns (`surrogate.generator`): an ONNX file and, beside it, its manifest.
import { readFile } from "node:fs/promises";
import { type BroughtGenerator, readManifest } from "../attacks/generators/manifest.js";
import type { ImageShape } from "../data/dataset.js";
import { DataError } from "../data/errors.js";

/** `faces.json` of `faces.onnx`. */
export const manifestBeside = (file: string): string => `${file.replace(/\.onnx$/i, "")}.json`;

/** Reads both files. Throws DataError where one is missing, and GeneratorError for a manifest that cannot be used. */
export async function bringGenerator(file: string, resolution: ImageShape): Promise<BroughtGenerator> {
  const read = (path: string, what: string) =>
    readFile(path).catch((cause: NodeJS.ErrnoException) => {
      const actual = cause.code === "ENOENT" ? "nothing there" : (cause.code ?? cause.message);
      throw new DataError({ file: path, expected: what, actual, advice: "see docs/own-generator.md", cause });
    });
  const manifest = manifestBeside(file);
  return {
    bytes: new Uint8Array(await read(file, "an ONNX generator")),
    manifest: readManifest((await read(manifest, "the manifest of the generator")).toString("utf8"), manifest),
    file,
    resolution,
  };
}
