// A page in Debian's Chromium that notes every request and complaint, for tests of what people see.
import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

export const hasBrowser = existsSync(executablePath);

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-background-networking"] });

export interface WatchedPage {
  readonly page: Page;
  /** Console messages and uncaught errors. */
  readonly complaints: string[];
  /** Addresses that were asked for, but those of data URIs. */
  readonly requests: string[];
}

export async function watchPage(browser: Browser, width = 1440): Promise<WatchedPage> {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: "light" });
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    if (!request.url().startsWith("data:")) requests.push(request.url());
  });
  return { page, complaints, requests };
}
