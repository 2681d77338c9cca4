// The report in a real browser: Debian's Chromium opens the file from disk, asks nobody for anything and complains about nothing.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderReport } from "../src/report/html.js";
import { sampleAudit } from "./report-sample.js";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

describe.skipIf(!existsSync(executablePath))("report.html in Chromium", () => {
  const folder = mkdtempSync(join(tmpdir(), "leakscope-report-"));
  const url = pathToFileURL(join(folder, "report.html")).href;
  let browser: Browser;

  beforeAll(async () => {
    writeFileSync(join(folder, "report.html"), renderReport(sampleAudit()));
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-background-networking"] });
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const width of [1440, 390]) {
    for (const colorScheme of ["light", "dark"] as const) {
      it(`${width} pixels wide, ${colorScheme}: loads nothing else, logs nothing, fits, and shows its pictures`, async () => {
        const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
        const complaints: string[] = [];
        const requests: string[] = [];
        page.on("console", (message) => complaints.push(message.text()));
        page.on("pageerror", (error) => complaints.push(error.message));
        page.on("request", (request) => {
          if (!request.url().startsWith("data:")) requests.push(request.url());
        });
        await page.goto(url);
        expect(await page.locator("h1").textContent()).not.toBe("");
        const pictures = await page
          .locator("img")
          .evaluateAll((images) =>
            (images as unknown as { complete: boolean; naturalWidth: number }[]).map(
              (image) => image.complete && image.naturalWidth > 0,
            ),
          );
        expect(pictures.length).toBeGreaterThan(0);
        expect(pictures.every(Boolean)).toBe(true);
        expect(await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")).toBe(
          0,
        );
        expect(requests).toEqual([url]);
        expect(complaints).toEqual([]);
        await page.close();
      });
    }
  }

  it("leads from the matrix to a cell's details", async () => {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(url);
    const link = page.locator("#overview a[href^='#cell-']").first();
    const target = (await link.getAttribute("href"))!;
    await link.click();
    expect(new URL(page.url()).hash).toBe(target);
    expect(await page.locator(target).isVisible()).toBe(true);
    await page.close();
  });
});
