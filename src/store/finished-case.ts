// One finished case as files: `result.json` is the truth, with a checksum so that damage is noticed; pictures and curve are for people.
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CaseResult, CaseSpec } from "../audit/case.js";
import { contactStrip } from "./contact-strip.js";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export interface FinishedCase {
  readonly spec: CaseSpec;
  readonly result: CaseResult;
}

/** An entry that exists but cannot be trusted. The message says what is wrong with it. */
export class DamagedCaseError extends Error {
  override readonly name = "DamagedCaseError";
}

/** Writes all files of a case into `folder`, which is made when missing. */
export async function writeCase(folder: string, key: string, { spec, result }: FinishedCase): Promise<void> {
  await mkdir(folder, { recursive: true });
  const entry = { key, checksum: sha256(JSON.stringify(result)), spec, result };
  await writeFile(join(folder, "result.json"), `${JSON.stringify(entry, null, 1)}\n`);
  const rows = result.curve.map(({ iteration, loss }) => `${iteration},${loss}\n`);
  await writeFile(join(folder, "curve.csv"), `iteration,loss\n${rows.join("")}`);
  const strips = {
    "reconstruction.png": contactStrip(result.images.map(({ reconstruction }) => reconstruction)),
    "truth.png": contactStrip(result.images.map(({ original }) => original)),
  };
  for (const [name, strip] of Object.entries(strips)) if (strip) await writeFile(join(folder, name), strip);
}

/** Reads a case back; null when there is none. Throws DamagedCaseError when what is there is not what was written. */
export async function readCase(folder: string, key: string): Promise<FinishedCase | null> {
  const file = join(folder, "result.json");
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new DamagedCaseError(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  let entry: Partial<FinishedCase> & { readonly key?: unknown; readonly checksum?: unknown };
  try {
    entry = JSON.parse(text) ?? {};
  } catch (error) {
    throw new DamagedCaseError(`${file} is no JSON: ${(error as Error).message}`, { cause: error });
  }
  if (entry.key !== key) throw new DamagedCaseError(`${file} holds case "${entry.key}", expected "${key}"`);
  const { spec, result } = entry;
  if (!spec || !result || entry.checksum !== sha256(JSON.stringify(result))) {
    throw new DamagedCaseError(`${file} has another content than its checksum says`);
  }
  return { spec, result };
}
