// A script of ours in Debian's Chromium: bundled by Vite, served from this machine beside the files of onnxruntime-web, with threads where the
// page is cross-origin isolated. Used by the benchmark and by the tests of the web backends.
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { build, defaultClientConditions } from "vite";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
/** A GPU in software, for correctness. */
const SWIFTSHADER = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];
const RUNTIME = new URL(".", import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm"));
/** Where pages find the files of onnxruntime-web, below their origin. */
const FILES = "/ort/";
const DOCUMENT =
  '<!doctype html><meta charset="utf-8"><title>Leakscope</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>';
const ISOLATED = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
const types = { js: "text/javascript", mjs: "text/javascript", wasm: "application/wasm" };

/** Why there is no browser here; null where there is. */
export const noBrowser = existsSync(executablePath)
  ? null
  : `no Chromium at ${executablePath} (apt-get install chromium)`;

export const launch = () =>
  chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-background-networking", ...SWIFTSHADER] });

/** The script at URL `entry` with all that it imports, as one module. */
export async function bundle(entry) {
  const { output } = await build({
    configFile: false,
    root: fileURLToPath(new URL("..", import.meta.url)),
    logLevel: "error",
    resolve: { conditions: ["onnxruntime-web-use-extern-wasm", ...defaultClientConditions] },
    build: {
      write: false,
      minify: false,
      target: "es2022",
      modulePreload: false,
      reportCompressedSize: false,
      rollupOptions: { input: fileURLToPath(entry), output: { format: "es", codeSplitting: false } },
    },
  });
  return output.find(({ type }) => type === "chunk").code;
}

/**
 * Serves `script` as a page, cross-origin isolated or not, and `data` (bytes by path) beside it. Gives { address, files, close }; `files` is the
 * folder of the runtime.
 */
export async function serve(script, { isolated, data = {} }) {
  const server = createServer(({ url }, response) => {
    const [, ending] = /\.(\w+)$/.exec(url) ?? [];
    const headers = { "Content-Type": types[ending] ?? "application/octet-stream", ...(isolated ? ISOLATED : {}) };
    const answer = (body) => response.writeHead(200, headers).end(body);
    if (url === "/") response.writeHead(200, { ...headers, "Content-Type": "text/html" }).end(DOCUMENT);
    else if (url === "/page.js") answer(script);
    else if (Object.hasOwn(data, url)) answer(data[url]());
    else if (/^\/ort\/[\w.-]+\.(mjs|wasm)$/.test(url)) {
      createReadStream(new URL(url.slice(FILES.length), RUNTIME)).pipe(response.writeHead(200, headers));
    } else response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A page that failed to open leaves nothing to wait for.
  server.unref();
  const address = `http://127.0.0.1:${server.address().port}`;
  return {
    address,
    files: address + FILES,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
