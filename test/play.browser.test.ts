// The playground in a real browser: a portrait comes back out of its update, not so with client-dp on, and nothing leaves the machine.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasBrowser, launchBrowser, watchPage } from "./browser-page.js";
import { type PlayServer, readOutcome, startPlay } from "./played-page.js";

describe.skipIf(!hasBrowser)("leakscope play in Chromium", () => {
  let browser: Browser;
  let server: PlayServer;

  beforeAll(async () => {
    [browser, server] = await Promise.all([launchBrowser(), startPlay()]);
  });
  afterAll(async () => {
    await browser.close();
    server.child.kill("SIGINT");
  });

  it("brings the default portrait back above 20 dB in under 20 s, and with client-dp on does not", {
    timeout: 60_000,
  }, async () => {
    const { page, complaints, requests } = await watchPage(browser);
    await page.goto(server.address);
    expect(await page.evaluate("crossOriginIsolated")).toBe(true);
    const started = performance.now();
    await page.getByTestId("start").click();
    const plain = await readOutcome(page);
    expect((performance.now() - started) / 1000).toBeLessThan(20);
    expect(plain.verdict).toBe("leaked");
    expect(plain.psnr).toBeGreaterThan(20);
    expect(await page.getByText("The server already knows the label").textContent()).toContain("ginger hair");

    const loaded = requests.length;
    await page.getByTestId("defense").selectOption("client-dp");
    await page.getByTestId("start").click();
    const defended = await readOutcome(page);
    expect(defended.verdict).toBe("held");
    expect(defended.psnr).toBeLessThan(plain.psnr - 10);
    expect(defended.why).toMatch(
      /^Without the defense .* gets this picture back; .* less than 0\.1 % of that is the gradient\.$/,
    );
    expect(await page.locator(".runs li").count()).toBe(2);

    // The page, its script and style, the worker, the runtime's two files; the runtime's threads load themselves and its first file again.
    expect(requests.slice(loaded)).toEqual([]);
    expect(requests.filter((address) => !address.startsWith(server.address))).toEqual([]);
    expect(new Set(requests).size).toBeLessThanOrEqual(6);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("works on a phone, with a defense that the attacker knows and gets around, as the address says", {
    timeout: 60_000,
  }, async () => {
    const { page, complaints } = await watchPage(browser, 390);
    await page.goto(`${server.address}#picture=3&defense=soteria&strength=60`);
    expect(await page.getByTestId("picture-3").isChecked()).toBe(true);
    expect(await page.getByTestId("strength").getAttribute("aria-valuetext")).toBe("60 % of the features");
    await page.getByTestId("start").click();
    const { verdict, why } = await readOutcome(page, 35_000);
    expect([verdict, why]).toEqual(["leaked", expect.stringContaining("The defense did not stop it")]);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
