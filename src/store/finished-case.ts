// One finished case as files: `result.json` is the truth; pictures and curve are for people.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CaseResult, CaseSpec } from "../audit/case.js";
import { checkedJson, type Finished, readCheckedJson } from "./checked-json.js";
import { contactStrip } from "./contact-strip.js";

export type FinishedCase = Finished<CaseSpec, CaseResult>;

/** Writes all files of a case into `folder`, which is made when missing. */
export async function writeCase(folder: string, key: string, { spec, result }: FinishedCase): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "result.json"), checkedJson(key, { spec, result }));
  const rows = result.curve.map(({ iteration, loss }) => `${iteration},${loss}\n`);
  await writeFile(join(folder, "curve.csv"), `iteration,loss\n${rows.join("")}`);
  const strips = {
    "reconstruction.png": contactStrip(result.images.map(({ reconstruction }) => reconstruction)),
    "truth.png": contactStrip(result.images.map(({ original }) => original)),
  };
  for (const [name, strip] of Object.entries(strips)) if (strip) await writeFile(join(folder, name), strip);
}

/** Reads a case back; null when there is none. Throws DamagedEntryError when what is there is not what was written. */
export const readCase = (folder: string, key: string): Promise<FinishedCase | null> =>
  readCheckedJson(join(folder, "result.json"), key, "case");
