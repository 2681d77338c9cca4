// Builds the page into dist/web: one classic script and one style sheet, hashed, with a manifest that the report and the server read.
// Needs the compiled program in dist/, which the catalogue is taken from.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { catalogueRows } from "./catalogue.js";

const CATALOGUE = "virtual:catalogue";

const pathOf = (path) => fileURLToPath(new URL(path, import.meta.url));

/** What the program itself lists, as a module. */
const catalogue = {
  name: "catalogue",
  resolveId: (id) => (id === CATALOGUE ? `\0${CATALOGUE}` : null),
  load: async (id) => (id === `\0${CATALOGUE}` ? `export default ${JSON.stringify(await catalogueRows())}` : null),
};

/** `page.json`: the names of the two files. A script that could end its own element would break the report. */
const manifest = {
  name: "manifest",
  enforce: "post",
  generateBundle(_, bundle) {
    const named = (ending) => Object.keys(bundle).filter((name) => name.endsWith(ending));
    const [[script, ...others], [style]] = [named(".js"), named(".css")];
    if (!script || !style || others.length > 0) throw new Error("expected one script and one style sheet");
    if (/<\/script|<!--/i.test(bundle[script].code)) throw new Error(`${script} cannot stand inside a page`);
    this.emitFile({ type: "asset", fileName: "page.json", source: JSON.stringify({ script, style }) });
  },
};

export default defineConfig({
  root: pathOf("."),
  publicDir: false,
  plugins: [catalogue, manifest],
  // The schema of audit.json reaches for it to shorten a path; a browser has none.
  resolve: { alias: { "node:path": pathOf("./src/base-name.ts") } },
  build: {
    outDir: pathOf("../dist/web"),
    emptyOutDir: true,
    modulePreload: false,
    target: "es2022",
    cssCodeSplit: false,
    reportCompressedSize: false,
    rollupOptions: {
      input: pathOf("./src/main.tsx"),
      output: {
        format: "iife",
        entryFileNames: "leakscope-[hash].js",
        assetFileNames: "leakscope-[hash][extname]",
      },
    },
  },
});
