// A folder as a site, asked without a port: its own files with the headers that threads and a strict policy take, and nothing else.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hono } from "hono";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createSite } from "./site.js";

let folder: string;
let site: Hono;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "leakscope-site-"));
  await mkdir(join(folder, "site", "runtime"), { recursive: true });
  await writeFile(join(folder, "secret.txt"), "secret");
  await writeFile(join(folder, "site", "index.html"), "<!doctype html>");
  await writeFile(join(folder, "site", "runtime", "part.wasm"), "wasm");
  site = await createSite(join(folder, "site"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const ask = (path: string, headers: Record<string, string> = {}) =>
  site.request(`http://127.0.0.1:4281${path}`, { headers: { Host: "127.0.0.1:4281", ...headers } });

it.each([
  ["/", "text/html; charset=utf-8"],
  ["/index.html", "text/html; charset=utf-8"],
  ["/runtime/part.wasm", "application/wasm"],
])("serves %s as %s, isolated and with a strict policy", async (path, type) => {
  const { status, headers } = await ask(path);
  expect([status, headers.get("Content-Type")]).toEqual([200, type]);
  expect(headers.get("Cross-Origin-Opener-Policy")).toBe("same-origin");
  expect(headers.get("Cross-Origin-Embedder-Policy")).toBe("require-corp");
  expect(headers.get("Cross-Origin-Resource-Policy")).toBe("same-origin");
  expect(headers.get("Content-Security-Policy")).toMatch(/^default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/);
});

it.each(["/secret.txt", "/../secret.txt", "/..%2Fsecret.txt", "/runtime", "/runtime/../../secret.txt"])(
  "has no %s",
  async (path) => {
    expect((await ask(path)).status).toBe(404);
  },
);

it("answers to no other name", async () => {
  expect((await ask("/", { Host: "evil.example" })).status).toBe(403);
});
