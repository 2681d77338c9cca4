// The report in a real browser: every screen of a real audit and of a made-up one with all statuses, in three widths and two themes. It asks
// nobody for anything, complains about nothing, fits, and axe-core finds nothing serious. Screenshots go to build/screens/ for the eye.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import axe from "axe-core";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderReport } from "../src/report/html.js";
import { hasBrowser, launchBrowser, type WatchedPage, watchPage } from "./browser-page.js";
import { sampleAudit } from "./report-sample.js";

const screens = [
  "home",
  "gallery",
  "defenses",
  "attacks",
  "attacks/robbing-the-fed",
  "detection",
  "model",
  "compare",
  "catalogue",
  "reading",
];
const pictures = fileURLToPath(new URL("../build/screens/", import.meta.url));
const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const config = `data: { records: [0, 1] }
threats: [B, G]
attacks: [robbing-the-fed]
defenses: [none, top-k]
utility: { rounds: 4, seconds: 4, seeds: 1 }
federation: { batchSize: 2 }
surrogate: { records: 64 }
`;

describe.skipIf(!hasBrowser)("report.html in Chromium", () => {
  const folder = mkdtempSync(join(tmpdir(), "leakscope-report-"));
  let browser: Browser;

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    writeFileSync(join(folder, "sample.html"), renderReport(sampleAudit()));
    writeFileSync(join(folder, "config.yaml"), config);
    const args = [main, "audit", "-c", "config.yaml", "-o", "real.html"];
    [browser] = await Promise.all([launchBrowser(), promisify(execFile)(process.execPath, args, { cwd: folder })]);
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const address = (name: string) => pathToFileURL(join(folder, `${name}.html`)).href;

  async function eachScreen(name: string, visit: (watched: WatchedPage, screen: string) => Promise<void>) {
    const watched = await watchPage(browser);
    await watched.page.goto(address(name));
    for (const screen of screens) {
      await watched.page.evaluate(`location.hash = "#/${screen}"`);
      await watched.page.locator(`nav a[aria-current][href="#/${screen.split("/")[0]}"]`).waitFor();
      await watched.page.locator("h1").waitFor();
      await visit(watched, screen);
    }
    expect(watched.complaints).toEqual([]);
    expect(watched.requests).toEqual([address(name)]);
    await watched.page.close();
  }

  it.each(["real", "sample"])("%s: every screen fits, in three widths and two themes", async (name) => {
    await eachScreen(name, async ({ page }, screen) => {
      for (const width of [1440, 1024, 390]) {
        await page.setViewportSize({ width, height: 900 });
        const over = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        expect([screen, width, await page.evaluate(over)]).toEqual([screen, width, 0]);
        const broken = `[...document.images].filter((image) => image.complete && image.naturalWidth === 0).length`;
        expect(await page.evaluate(broken)).toBe(0);
        for (const colorScheme of name === "real" ? (["light", "dark"] as const) : []) {
          await page.emulateMedia({ colorScheme });
          const file = `${screen.replace("/", "-")}-${width}-${colorScheme}.jpg`;
          await page.screenshot({ path: join(pictures, file), type: "jpeg", quality: 80 });
        }
      }
    });
  });

  it("axe-core finds nothing serious, in both themes", async () => {
    await eachScreen("sample", async ({ page }, screen) => {
      await page.evaluate(`window.axe ?? (() => { ${axe.source} })()`);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        // Only colours differ in the dark; and nobody reads what passed.
        const options = {
          resultTypes: ["violations"],
          ...(colorScheme === "dark" ? { runOnly: ["color-contrast"] } : {}),
        };
        const found = (await page.evaluate(`axe.run(${JSON.stringify(options)})`)) as axe.AxeResults;
        const told = found.violations
          .filter(({ impact }) => impact === "serious" || impact === "critical")
          .map(
            ({ id, nodes }) =>
              `${screen}, ${colorScheme}: ${id} at ${nodes.map(({ target }) => target.join(" ")).join(", ")}`,
          );
        expect(told).toEqual([]);
      }
    });
  });
});
