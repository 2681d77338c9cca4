// Finds attacks, defenses and metrics by looking into their folders: a file whose default export is one is listed, and there is no second
// place to edit. Shared parts beside them have no default export.
import { readdir } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Attack } from "../attacks/define.js";
import type { Defense } from "../defenses/define.js";
import type { Metric } from "../metrics/define.js";

export interface Catalogue {
  readonly attacks: ReadonlyMap<string, Attack>;
  readonly defenses: ReadonlyMap<string, Defense>;
  readonly metrics: ReadonlyMap<string, Metric>;
}

const isSource = /(?<!\.test)(?<!\.d)\.(ts|js)$/;

async function load<T extends { readonly id: string }>(folder: string): Promise<Map<string, T>> {
  const root = fileURLToPath(new URL(`../${folder}/`, import.meta.url));
  const files = (await readdir(root, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && isSource.test(entry.name))
    .map((entry) => `${entry.parentPath}/${entry.name}`)
    .sort();
  const found = new Map<string, T>();
  for (const file of files) {
    const { default: value } = (await import(pathToFileURL(file).href)) as { default?: T };
    if (!value?.id) continue;
    if (found.has(value.id)) throw new Error(`two files in ${folder}/ define "${value.id}"; the second is ${file}`);
    found.set(value.id, value);
  }
  return found;
}

let loaded: Promise<Catalogue> | undefined;

/** Everything that can be planned, by id. Loaded once. */
export function loadCatalogue(): Promise<Catalogue> {
  loaded ??= Promise.all([load<Attack>("attacks"), load<Defense>("defenses"), load<Metric>("metrics")]).then(
    ([attacks, defenses, metrics]) => ({ attacks, defenses, metrics }),
  );
  return loaded;
}
