// Runs the built command line and measures it: exit code, both streams, seconds, and the most memory it held.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

/** Says at the end of a process how much memory it held at most. */
const watch = `process.on("exit", () => require("node:fs").writeFileSync(process.env.PEAK_FILE, String(process.resourceUsage().maxRSS)));`;

export interface Measured {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly seconds: number;
  /** KiB */
  readonly peak: number;
}

export async function measureCli(...args: readonly string[]): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), "leakscope-measured-"));
  const [hook, peakFile] = [join(folder, "watch.cjs"), join(folder, "peak")];
  writeFileSync(hook, watch);
  const started = performance.now();
  try {
    return await new Promise((resolve) => {
      const env = { ...process.env, PEAK_FILE: peakFile };
      const child = execFile(process.execPath, ["--require", hook, main, ...args], { env }, (_, out, err) => {
        const seconds = (performance.now() - started) / 1000;
        resolve({ code: child.exitCode ?? -1, out, err, seconds, peak: Number(readFileSync(peakFile, "utf8")) });
      });
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
