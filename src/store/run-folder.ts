// A run folder: the truth about one audit (DESIGN.md section 8). Every file appears whole or not at all: it is written under a
// temporary name in the same folder and renamed. What other runs beside this one have finished is taken over, not computed again.
import { randomBytes } from "node:crypto";
import { appendFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { CaseResult, CaseSpec } from "../audit/case.js";
import type { Store } from "../audit/interfaces.js";
import type { TrainingResult, TrainingSpec } from "../audit/training.js";
import { checkedJson, DamagedEntryError, type Finished, readCheckedJson } from "./checked-json.js";
import { readCase, writeCase } from "./finished-case.js";

export interface RunFolder extends Store {
  /** Absolute path. */
  readonly path: string;
  /** Writes a file of the run itself, such as `audit.json`, atomically. Returns its absolute path. */
  save(name: string, content: string | Uint8Array): Promise<string>;
}

export interface RunFolderOptions {
  /** `siblings` (default) takes finished cases over from the other run folders beside this one; `none` ignores all that is known. */
  readonly known?: "siblings" | "none";
}

const TEMPORARY = ".tmp-";
const temporaryName = (name: string): string => `${TEMPORARY}${name}-${randomBytes(6).toString("hex")}`;

/** Replaces `target` by `source` in one step; a folder that is in the way is moved aside first. */
async function moveInto(source: string, target: string): Promise<void> {
  try {
    await rename(source, target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
    const aside = join(dirname(target), temporaryName(basename(target)));
    await rename(target, aside);
    await rename(source, target);
    await rm(aside, { recursive: true, force: true });
  }
}

/** Other runs in the same parent folder, the newest first. */
async function siblingsOf(path: string): Promise<string[]> {
  const entries = await readdir(dirname(path), { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory() && entry.name !== basename(path)).map(({ name }) => name);
  return names
    .sort()
    .reverse()
    .map((name) => join(dirname(path), name));
}

/** What a crash may have left: temporary files, and an event log whose last line has no end. */
async function tidy(folders: readonly string[], events: string): Promise<void> {
  for (const folder of folders) {
    const left = (await readdir(folder)).filter((name) => name.startsWith(TEMPORARY));
    for (const name of left) await rm(join(folder, name), { recursive: true, force: true });
  }
  const log = await readFile(events, "utf8").catch(() => "");
  if (log !== "" && !log.endsWith("\n")) await appendFile(events, "\n");
}

/** What a run keeps under keys: where, and how an entry is read and written. */
interface Shelf<Spec, Result> {
  readonly folder: string;
  name(key: string): string;
  read(path: string, key: string): Promise<Finished<Spec, Result> | null>;
  write(path: string, key: string, entry: Finished<Spec, Result>): Promise<void>;
}

const cases: Shelf<CaseSpec, CaseResult> = { folder: "cells", name: (key) => key, read: readCase, write: writeCase };

const trainings: Shelf<TrainingSpec, TrainingResult> = {
  folder: "trainings",
  name: (key) => `${key}.json`,
  read: (path, key) => readCheckedJson(path, key, "training"),
  write: (path, key, entry) => writeFile(path, checkedJson(key, entry)),
};

/** Opens a run folder, made when missing. Rejects with the file system's error when the place cannot be written. */
export async function openRunFolder(folder: string, { known = "siblings" }: RunFolderOptions = {}): Promise<RunFolder> {
  const path = resolve(folder);
  const events = join(path, "events.jsonl");
  const folders = [cases.folder, trainings.folder].map((name) => join(path, name));
  for (const each of folders) await mkdir(each, { recursive: true });
  await tidy([path, ...folders], events);
  const siblings = known === "siblings" ? await siblingsOf(path) : [];

  // With `known: none` even this folder's own cells count only once this process has written them.
  const written = new Set<string>();
  let pending = Promise.resolve();
  const log: Store["log"] = (event) => {
    const line = `${JSON.stringify({ at: new Date().toISOString(), ...event })}\n`;
    const appended = pending.then(() => appendFile(events, line));
    pending = appended.catch(() => {});
    return appended;
  };
  async function write<Spec, Result>(shelf: Shelf<Spec, Result>, key: string, entry: Finished<Spec, Result>) {
    const draft = join(path, shelf.folder, temporaryName(key));
    await shelf.write(draft, key, entry);
    await moveInto(draft, join(path, shelf.folder, shelf.name(key)));
    written.add(key);
  }

  async function readOrLog<Spec, Result>({ folder: of, name, read }: Shelf<Spec, Result>, run: string, key: string) {
    try {
      return await read(join(run, of, name(key)), key);
    } catch (error) {
      if (!(error instanceof DamagedEntryError)) throw error;
      await log({ type: "damaged", key, reason: error.message });
      return null;
    }
  }

  async function read<Spec, Result>(shelf: Shelf<Spec, Result>, key: string): Promise<Result | null> {
    const own = known === "siblings" || written.has(key) ? await readOrLog(shelf, path, key) : null;
    if (own) return own.result;
    for (const run of siblings) {
      const found = await readOrLog(shelf, run, key);
      if (!found) continue;
      await write(shelf, key, found);
      await log({ type: "taken-over", key, from: run });
      return found.result;
    }
    return null;
  }

  return {
    path,
    log,
    write: (key, spec, result) => write(cases, key, { spec, result }),
    read: (key) => read(cases, key),
    writeTraining: (key, spec, result) => write(trainings, key, { spec, result }),
    readTraining: (key) => read(trainings, key),
    async save(name, content) {
      const draft = join(path, temporaryName(basename(name)));
      await writeFile(draft, content);
      await rename(draft, join(path, name));
      return join(path, name);
    },
  };
}
