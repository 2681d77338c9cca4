// A running audit in the browser: `leakscope audit --view` and `leakscope view`, two processes on one run folder.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serialiseAudit } from "../src/report/json.js";
import { hasBrowser, launchBrowser, watchPage } from "./browser-page.js";
import { sampleAudit } from "./report-sample.js";

const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const config = `
threats: [B, G]
data: { records: [0, 1] }
federation: { batchSize: 2 }
attacks: [robbing-the-fed, { id: inverting-gradients, iterations: 150 }]
model: { name: lenet-wide }
surrogate: { records: 64 }
vulnerability: false
`;

describe.skipIf(!hasBrowser)("a running audit in the browser", () => {
  let folder: string;
  let browser: Browser;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "leakscope-view-"));
    await writeFile(join(folder, "leakscope.config.yaml"), config);
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
    for (const child of children) child.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  });

  /** Starts a verb, and resolves with what `pattern` finds in what it says. */
  function start(args: readonly string[], pattern: RegExp) {
    const child = spawn(process.execPath, [main, ...args], { cwd: folder });
    children.push(child);
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    const found = new Promise<string>((resolve, reject) => {
      let said = "";
      const hear = (chunk: Buffer) => {
        said += chunk;
        const match = pattern.exec(said);
        if (match) resolve(match[1] ?? match[0]);
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      child.on("close", () => reject(new Error(said)));
    });
    return { child, ended, found };
  }

  it("fills up while it runs, in the audit's own page and in another process's", { timeout: 90_000 }, async () => {
    const audit = start(["audit", "--view", "--no-color"], /Live: (\S+)/);
    const own = await watchPage(browser);
    await own.page.goto(await audit.found);
    await own.page.locator(".live progress").waitFor();
    const view = start(["view", "--port", "0"], /(http:\S+)/);
    const other = await watchPage(browser, 390);
    await other.page.goto(await view.found);
    await other.page.getByRole("link", { name: /^\d{4}-/ }).click();
    for (const { page } of [own, other]) {
      await page.getByText("gets training pictures back").first().waitFor({ timeout: 60_000 });
      await page.locator(".live").waitFor({ state: "detached", timeout: 60_000 });
      expect(await page.locator(".matrix").textContent()).toContain("leak");
    }
    const elsewhere = (address: string) => !address.startsWith("http://127.0.0.1:");
    expect([...own.requests, ...other.requests].filter(elsewhere)).toEqual([]);
    expect([own.complaints, other.complaints]).toEqual([[], []]);
    for (const { child, ended } of [audit, view]) {
      child.kill("SIGINT");
      expect([0, 2]).toContain(await ended);
    }
  });

  it("tells of a folder that is not there, and of a port that is taken", async () => {
    const missing = start(["view", "nowhere"], /there is no folder nowhere; (runs are made by)/);
    expect(await missing.found).toBe("runs are made by");
    expect(await missing.ended).toBe(1);
    const first = start(["view", "--port", "0"], /http:\/\/127.0.0.1:(\d+)/);
    const second = start(["view", "--port", await first.found], /port \d+ is (taken)/);
    expect(await second.found).toBe("taken");
    expect(await second.ended).toBe(1);
    first.child.kill("SIGINT");
    expect(await first.ended).toBe(0);
  });

  it("tells a run that was cut off from one that goes on", async () => {
    const sample = sampleAudit();
    const [cell, ...others] = sample.cells;
    const cells = [
      { ...cell!, ...({ status: "unknown", unfinished: true, reason: "not finished" } as const) },
      ...others,
    ];
    const runs = join(folder, "cut");
    for (const [id, at] of [
      ["goes-on", new Date()],
      ["cut-off", new Date(0)],
    ] as const) {
      await mkdir(join(runs, id), { recursive: true });
      await writeFile(join(runs, id, "config.yaml"), "{}");
      await writeFile(join(runs, id, "audit.json"), serialiseAudit({ ...sample, cells, interrupted: true }));
      const planned = {
        type: "planned",
        jobs: [{ key: "0123456789abcdef", attack: "dlg", defense: "none", threats: [] }],
        at,
      };
      await writeFile(join(runs, id, "events.jsonl"), `${JSON.stringify(planned)}\n`);
    }
    const view = start(["view", runs, "--port", "0"], /(http:\S+)/);
    const { page, complaints } = await watchPage(browser);
    const address = await view.found;
    for (const [id, live, banner, why] of [
      ["cut-off", "Stopped", 1, "the run stopped before it finished"],
      ["goes-on", "Running", 0, "it is still under way"],
    ] as const) {
      await page.goto(`${address}?run=${id}#/attacks/dlg`);
      await page.locator(".live strong", { hasText: live }).waitFor();
      await page.locator(".case.unknown").last().click();
      await page.locator(".reason", { hasText: why }).waitFor();
      await page.getByRole("link", { name: "Overview" }).click();
      await page.locator(".matrix").waitFor();
      expect(await page.locator(".banner", { hasText: "Interrupted" }).count()).toBe(banner);
    }
    expect(complaints).toEqual([]);
    view.child.kill("SIGINT");
    expect(await view.ended).toBe(0);
  });
});
