// Builds the page into dist/web: one classic script and one style sheet, hashed; `page.json` names them for the report, which holds them, and
// `index.html` is the document that the server serves.
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

const documentOf = (script, style) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Leakscope</title>
<link rel="stylesheet" href="/${style}">
</head>
<body>
<noscript>This page needs JavaScript; audit.json in the run folder holds all figures.</noscript>
<script src="/${script}"></script>
</body>
</html>
`;

/** A script that could end its own element would break the report. */
const manifest = {
  name: "manifest",
  enforce: "post",
  generateBundle(_, bundle) {
    const named = (ending) => Object.keys(bundle).filter((name) => name.endsWith(ending));
    const [[script, ...others], [style]] = [named(".js"), named(".css")];
    if (!script || !style || others.length > 0) throw new Error("expected one script and one style sheet");
    if (/<\/script|<!--/i.test(bundle[script].code)) throw new Error(`${script} cannot stand inside a page`);
    this.emitFile({ type: "asset", fileName: "page.json", source: JSON.stringify({ script, style }) });
    this.emitFile({ type: "asset", fileName: "index.html", source: documentOf(script, style) });
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
      // The catalogue loads the whole program.
      checks: { pluginTimings: false },
      output: {
        format: "iife",
        entryFileNames: "assets/leakscope-[hash].js",
        assetFileNames: "assets/leakscope-[hash][extname]",
      },
    },
  },
});
