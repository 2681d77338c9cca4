// One finished computation as a file: its specification and its result, with a checksum so that damage is noticed.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export interface Finished<Spec, Result> {
  readonly spec: Spec;
  readonly result: Result;
}

/** An entry that exists but cannot be trusted. The message says what is wrong with it. */
export class DamagedEntryError extends Error {
  override readonly name = "DamagedEntryError";
}

/** The text of the file. */
export function checkedJson<Spec, Result>(key: string, { spec, result }: Finished<Spec, Result>): string {
  return `${JSON.stringify({ key, checksum: sha256(JSON.stringify(result)), spec, result }, null, 1)}\n`;
}

/** Reads it back; null when there is none. Throws DamagedEntryError when what is there is not what was written. `kind` names it in messages. */
export async function readCheckedJson<Spec, Result>(
  file: string,
  key: string,
  kind: string,
): Promise<Finished<Spec, Result> | null> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new DamagedEntryError(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  let entry: Partial<Finished<Spec, Result>> & { readonly key?: unknown; readonly checksum?: unknown };
  try {
    entry = JSON.parse(text) ?? {};
  } catch (error) {
    throw new DamagedEntryError(`${file} is no JSON: ${(error as Error).message}`, { cause: error });
  }
  if (entry.key !== key) throw new DamagedEntryError(`${file} holds ${kind} "${entry.key}", expected "${key}"`);
  const { spec, result } = entry;
  if (!spec || !result || entry.checksum !== sha256(JSON.stringify(result))) {
    throw new DamagedEntryError(`${file} has another content than its checksum says`);
  }
  return { spec, result };
}
