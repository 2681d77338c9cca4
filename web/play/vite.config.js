// Builds the playground into dist/web/play: a static site of relative addresses, with the runtime's own files beside it. After the page's
// build, which empties dist/web. Needs the compiled program in dist/, which draws the portraits.
import { copyFileSync, mkdirSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defaultClientConditions, defineConfig } from "vite";
import { drawPortraits } from "../portraits.js";

const pathOf = (path) => fileURLToPath(new URL(path, import.meta.url));
const outDir = pathOf("../../dist/web/play");
const runtime = fileURLToPath(new URL(".", import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm")));

let drawn;

/** The portraits as two modules, so that the page does not hold those that only the worker needs. */
const portraits = () => ({
  name: "portraits",
  resolveId: (id) => (/^virtual:(other-)?portraits$/.test(id) ? `\0${id}` : null),
  async load(id) {
    if (!/^\0virtual:(other-)?portraits$/.test(id)) return null;
    drawn ??= drawPortraits();
    const { set, others } = await drawn;
    return `export default ${JSON.stringify(id.includes("other") ? others : set)}`;
  },
});

/** Vite would put an empty module in its place, which fails in front of the reader only. */
const noBuiltin = {
  name: "no-builtin",
  enforce: "pre",
  resolveId(id, importer) {
    if (isBuiltin(id)) throw new Error(`${importer} imports ${id}, which no browser has; the playground reaches it`);
    return null;
  },
};

/** The runtime, and the notices that copies of it and of all else must carry. */
const otherFiles = {
  name: "other-files",
  writeBundle() {
    mkdirSync(join(outDir, "runtime"), { recursive: true });
    for (const ending of ["mjs", "wasm"]) {
      const name = `ort-wasm-simd-threaded.${ending}`;
      copyFileSync(join(runtime, name), join(outDir, "runtime", name));
    }
    copyFileSync(pathOf("../../NOTICE"), join(outDir, "NOTICE.txt"));
  },
};

export default defineConfig({
  root: pathOf("."),
  base: "./",
  publicDir: false,
  plugins: [noBuiltin, portraits(), otherFiles],
  resolve: { conditions: ["onnxruntime-web-use-extern-wasm", ...defaultClientConditions] },
  worker: { format: "es", plugins: () => [noBuiltin, portraits()] },
  build: {
    outDir,
    emptyOutDir: true,
    modulePreload: false,
    target: "es2022",
    cssCodeSplit: false,
    reportCompressedSize: false,
    rollupOptions: { checks: { pluginTimings: false } },
  },
});
