// The playground's page in use: it fits and is accessible in three widths and two themes, runs by keyboard alone, stops, and names what it cannot
// read. Screenshots go to build/screens/ for the eye.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { hasBrowser, launchBrowser, type WatchedPage, watchPage } from "./browser-page.js";
import { type PlayServer, readOutcome, startPlay } from "./played-page.js";

const pictures = fileURLToPath(new URL("../build/screens/", import.meta.url));

describe.skipIf(!hasBrowser)("the playground's page", () => {
  let browser: Browser;
  let server: PlayServer;
  let watched: WatchedPage;
  let page: Page;

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    [browser, server] = await Promise.all([launchBrowser(), startPlay()]);
    watched = await watchPage(browser);
    page = watched.page;
  });
  afterAll(async () => {
    await browser.close();
    server.child.kill("SIGINT");
  });
  beforeEach(async () => {
    watched.complaints.length = 0;
    await page.setViewportSize({ width: 1440, height: 900 });
    // Another address before it, or a hash alone would not load the page anew.
    await page.goto("about:blank");
  });

  // The attack that takes least time.
  const open = (hash = "attack=robbing-the-fed") => page.goto(`${server.address}#${hash}`);

  /** Drops a file of `content` (base64) beside the picker: anywhere on the page will do. */
  async function dropFile(name: string, type: string, content: string) {
    const data = await page.evaluateHandle(`(() => {
      const transfer = new DataTransfer();
      const bytes = Uint8Array.from(atob(${JSON.stringify(content)}), (letter) => letter.charCodeAt(0));
      transfer.items.add(new File([bytes], ${JSON.stringify(name)}, { type: ${JSON.stringify(type)} }));
      return transfer;
    })()`);
    await page.dispatchEvent("main", "drop", { dataTransfer: data });
  }

  it("fits in three widths and two themes, before and after runs", async () => {
    await open();
    await page.getByTestId("start").waitFor();
    for (const state of ["before", "after"]) {
      if (state === "after") {
        await page.getByTestId("start").click();
        await readOutcome(page);
        await page.getByRole("button", { name: "Now switch on Differential privacy at the client" }).click();
        await page.locator(".runs li").nth(1).waitFor();
      }
      for (const width of [1440, 1024, 390]) {
        await page.setViewportSize({ width, height: 900 });
        const over = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        expect([state, width, await page.evaluate(over)]).toEqual([state, width, 0]);
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme });
          const path = join(pictures, `play-${state}-${width}-${colorScheme}.jpg`);
          await page.screenshot({ path, type: "jpeg", quality: 80, fullPage: true });
        }
      }
    }
    expect(watched.complaints).toEqual([]);
  });

  it("gives axe-core nothing serious, before and after a run, in both themes", async () => {
    await open();
    for (const state of ["before", "after"]) {
      if (state === "after") {
        await page.getByTestId("start").click();
        await readOutcome(page);
      }
      await page.evaluate(`window.axe ?? (() => { ${axe.source} })()`);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        const found = (await page.evaluate(`axe.run({ resultTypes: ["violations"] })`)) as axe.AxeResults;
        const told = found.violations
          .filter(({ impact }) => impact === "serious" || impact === "critical")
          .map(
            ({ id, nodes }) =>
              `${state}, ${colorScheme}: ${id} at ${nodes.map(({ target }) => target.join(" ")).join(", ")}`,
          );
        expect(told).toEqual([]);
      }
    }
  });

  it("runs by keyboard alone, and says what comes of it", async () => {
    await open();
    await page.getByTestId("picture-0").focus();
    await page.keyboard.press("ArrowRight");
    expect(await page.getByTestId("picture-1").isChecked()).toBe(true);
    const focused = () => page.evaluate("document.activeElement.dataset.testid ?? document.activeElement.type");
    const order: unknown[] = [];
    for (let press = 0; press < 6 && order.at(-1) !== "start"; press++) {
      await page.keyboard.press("Tab");
      order.push(await focused());
    }
    // No defense is on, so that its strength cannot be set.
    expect(order).toEqual(["file", "model", "defense", "attack", "start"]);
    await page.keyboard.press("Enter");
    expect((await readOutcome(page)).verdict).toBe("leaked");
    expect(await page.getByRole("status").textContent()).toMatch(/^It came back: \d+\.\d dB\./);
    expect(new URL(page.url()).hash).toBe("#picture=1&model=lenet&attack=robbing-the-fed&seed=1");
  });

  it("takes a picture of one's own, whatever its name, and names a file that is none", async () => {
    await open();
    await page.getByTestId("start").waitFor();
    await dropFile("notes.txt", "text/plain", Buffer.from("hello").toString("base64"));
    const refusal = page.locator(".refusal");
    await refusal.getByText("“notes.txt” is no picture that this browser can read").waitFor();
    const png = (await page.evaluate(`(() => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [60, 40];
      const context = canvas.getContext("2d");
      context.fillStyle = "#c04020";
      context.fillRect(0, 0, 60, 40);
      return canvas.toDataURL("image/png").split(",")[1];
    })()`)) as string;
    const name = "<img src=x onerror=alert(1)>.png";
    await dropFile(name, "image/png", png);
    await page.getByTestId("picture-own").waitFor();
    expect(await refusal.textContent()).toBe("");
    expect(await page.locator("figcaption").first().textContent()).toBe(
      `What the model sees of ${name}: 32 × 32 pixels`,
    );
    expect(await page.locator("img").count()).toBe(0);
    await page.getByTestId("label").selectOption({ label: "teal hair" });
    await page.getByTestId("start").click();
    await page.locator(".event", { hasText: "teal hair" }).waitFor();
    await readOutcome(page);
    expect(watched.complaints).toEqual([]);
  });

  it("stops, and starts again", async () => {
    await open("attack=dlg");
    await page.getByTestId("start").click();
    await page.locator(".go small", { hasText: /^step \d+ of 300$/ }).waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    expect(await page.locator(".go small").textContent()).toBe("stopped");
    await page.getByTestId("attack").selectOption("robbing-the-fed");
    await page.getByTestId("start").click();
    expect((await readOutcome(page)).psnr).toBeGreaterThan(60);
  });
});
