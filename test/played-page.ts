// The playground as `leakscope play` serves it, and a page on it, for tests of what people see.
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";

const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

export interface PlayServer {
  readonly address: string;
  readonly child: ChildProcess;
}

/** Starts the verb on a free port. Rejects with what it said where it ends at once. */
export function startPlay(): Promise<PlayServer> {
  const child = spawn(process.execPath, [main, "play", "--port", "0"]);
  return new Promise((resolve, reject) => {
    let said = "";
    const hear = (chunk: Buffer) => {
      said += chunk;
      const [address] = /http:\S+/.exec(said) ?? [];
      if (address) resolve({ address, child });
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("close", () => reject(new Error(said)));
  });
}

export interface Shown {
  readonly verdict: string;
  readonly psnr: number;
  readonly why: string;
}

/** What the page shows when the run under way has ended. */
export async function readOutcome(page: Page, timeout = 20_000): Promise<Shown> {
  const verdict = page.getByTestId("verdict");
  await verdict.waitFor({ timeout });
  return {
    verdict: (await verdict.getAttribute("data-verdict")) ?? "",
    psnr: Number.parseFloat((await page.getByTestId("psnr").textContent()) ?? ""),
    why: (await page.getByTestId("why").textContent()) ?? "",
  };
}
