// Which tool is running: the version, and a hash of the code that decides results, so that another build never reuses a case's result.
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const manifest = new URL("../../package.json", import.meta.url);

/** Layers that only show, keep or hand on what others compute. */
const WITHOUT_INFLUENCE = new Set(["cli", "report", "store", "server", "web"]);

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

const readManifest = async (): Promise<Manifest> => JSON.parse(await readFile(manifest, "utf8"));

export const readVersion = async (): Promise<string> => (await readManifest()).version;

/** Version, and 16 hexadecimal digits over the code from jobs down and the versions of its dependencies. */
export async function describeTool(): Promise<{ version: string; code: string }> {
  const { version, dependencies } = await readManifest();
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && /\.[jt]s$/.test(entry.name) && !/\.(test|d)\.ts$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => !WITHOUT_INFLUENCE.has(file.split(/[\\/]/)[0]!))
    .sort();
  const hash = createHash("sha256").update(JSON.stringify(dependencies));
  for (const file of files) hash.update(`\0${file}\0`).update(await readFile(join(root, file)));
  return { version, code: hash.digest("hex").slice(0, 16) };
}
