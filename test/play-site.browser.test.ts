// The playground as files: `leakscope play -o` writes a site that works below any path of a host that sets no headers.
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasBrowser, launchBrowser, watchPage } from "./browser-page.js";
import { readOutcome } from "./played-page.js";

const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const BELOW = "/people/me/leakscope/";
const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
};

let folder: string;
const write = (...path: readonly string[]) =>
  promisify(execFile)(process.execPath, [main, "play", "-o", join(folder, ...path)]);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "leakscope-play-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("leakscope play -o", () => {
  it("writes a site, again over an earlier one, and never among other files", async () => {
    const { stdout } = await write("site");
    expect(stdout).toMatch(/^wrote the playground to .*site; upload the folder as it is\n$/);
    const names = await readdir(join(folder, "site"), { recursive: true });
    expect(await readFile(join(folder, "site", "NOTICE.txt"), "utf8")).toContain("ONNX Runtime Web");
    await writeFile(join(folder, "site", "assets", "of-an-earlier-build.js"), "");
    await write("site");
    expect((await readdir(join(folder, "site"), { recursive: true })).sort()).toEqual(names.sort());
    await expect(write()).rejects.toMatchObject({ stderr: expect.stringMatching(/holds other files/) });
  });
});

describe.skipIf(!hasBrowser)("the site on a plain host", () => {
  let host: Server;
  let address: string;

  beforeAll(async () => {
    host = createServer(async ({ url = "" }, response) => {
      const name = url.slice(BELOW.length) || "index.html";
      const content = url.startsWith(BELOW) ? await readFile(join(folder, "site", name)).catch(() => null) : null;
      if (content) response.writeHead(200, { "Content-Type": types[extname(name)] ?? "text/plain" }).end(content);
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => host.listen(0, "127.0.0.1", resolve));
    address = `http://127.0.0.1:${(host.address() as AddressInfo).port}${BELOW}`;
  });
  afterAll(() => host.close());

  it("brings a picture back without isolation, asks for nothing elsewhere, and may not", {
    timeout: 30_000,
  }, async () => {
    const browser = await launchBrowser();
    const { page, complaints, requests } = await watchPage(browser);
    await page.goto(`${address}#attack=robbing-the-fed`);
    expect(await page.evaluate("crossOriginIsolated")).toBe(false);
    await page.getByTestId("start").click();
    expect(await readOutcome(page)).toMatchObject({ verdict: "leaked" });
    expect(requests.filter((asked) => !asked.startsWith(address))).toEqual([]);
    expect(complaints).toEqual([]);
    // The policy stands in the document itself, so that a host without headers keeps it, too.
    expect(await page.evaluate(`fetch("http://127.0.0.1:9/").then(() => "sent", () => "refused")`)).toBe("refused");
    expect(complaints.join(" ")).toContain("Content Security Policy");
    await browser.close();
  });
});
