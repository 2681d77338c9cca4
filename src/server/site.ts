// A folder of files as a site: what `leakscope play` serves. Read once; nothing else is there.
import { readdir, readFile } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { Hono } from "hono";
import { guard } from "./guard.js";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".wasm": "application/wasm",
  ".txt": "text/plain; charset=utf-8",
};

/** What a page that computes needs: WebAssembly, a worker, pictures that the reader chose. Isolated, so that it could share memory with threads. */
const headers = {
  "Content-Security-Policy": [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data: blob:",
    "style-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** The files below `folder` by their path in an address; `index.html` stands for the root. Rejects where there is no folder. */
export async function createSite(folder: string, hosts?: readonly string[]): Promise<Hono> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = new Map(
    await Promise.all(
      entries
        .filter((entry) => entry.isFile())
        .map(async ({ parentPath, name }) => {
          const path = join(parentPath, name);
          const content = new Uint8Array(await readFile(path));
          const address = `/${relative(folder, path).split(sep).join("/")}`;
          return [address, { content, type: types[extname(name)] ?? "application/octet-stream" }] as const;
        }),
    ),
  );
  const app = new Hono();
  app.use(guard(hosts, headers));
  app.get("*", (context) => {
    const { path } = context.req;
    const file = files.get(path === "/" ? "/index.html" : path);
    return file ? context.body(file.content, 200, { "Content-Type": file.type }) : context.notFound();
  });
  app.notFound((context) => context.text("there is no such page\n", 404));
  return app;
}
