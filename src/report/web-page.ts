// The built web page (web/, made by `npm run build`) as the report uses it: script and style sheet.
import { readFileSync } from "node:fs";

export interface PagePart {
  /** File below dist/web, with a hash of the content in its name. */
  readonly name: string;
  readonly text: string;
}

export interface WebPage {
  readonly script: PagePart;
  readonly style: PagePart;
}

/** The package is not complete: the page was not built. */
export class WebPageError extends Error {
  override readonly name = "WebPageError";
}

// Beside both dist/report and src/report, so that tests of the sources find it.
const folder = new URL("../../dist/web/", import.meta.url);

let loaded: WebPage | undefined;

/** The page, read once. Throws WebPageError where it was not built. */
export function loadWebPage(): WebPage {
  loaded ??= read();
  return loaded;
}

function read(): WebPage {
  try {
    const part = (name: string): PagePart => ({ name, text: readFileSync(new URL(name, folder), "utf8") });
    const { script, style } = JSON.parse(part("page.json").text) as { script: string; style: string };
    return { script: part(script), style: part(style) };
  } catch (error) {
    throw new WebPageError(
      `the web page that reports are made of is not in ${folder.pathname}; run \`npm run build\`, or install the package again`,
      { cause: error },
    );
  }
}
