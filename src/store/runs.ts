// Where runs live by default and how they are named: `leakscope-runs/<date-time>-<short hash of the configuration>`, so that names sort
// by age and runs of the same configuration are easily seen.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

export const runsFolder = "leakscope-runs";

/** Path of a new run, not yet made: `root/2026-01-31T12-00-00-1a2b3c`, UTC; with a number behind it where that is taken. */
export function newRunPath(root: string, config: unknown, now: Date = new Date()): string {
  const time = now.toISOString().slice(0, 19).replaceAll(":", "-");
  const hash = createHash("sha256").update(JSON.stringify(config)).digest("hex").slice(0, 6);
  const path = join(root, `${time}-${hash}`);
  let candidate = path;
  for (let number = 2; existsSync(candidate); number++) candidate = `${path}-${number}`;
  return candidate;
}

/** The newest run under `root` that has a configuration to continue with; null when there is none. */
export async function newestRun(root: string): Promise<string | null> {
  const names = await readdir(root).catch(() => [] as string[]);
  const runs = names.filter((name) => /^\d{4}-\d\d-\d\dT/.test(name) && existsSync(join(root, name, "config.yaml")));
  const newest = runs.sort().at(-1);
  return newest === undefined ? null : join(root, newest);
}
