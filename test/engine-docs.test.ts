// docs/engine.md quotes the tree word for word, and docs/engine-ops.md lists every op. `npx vitest run test/engine-docs.test.ts -u` writes it.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { forms } from "../src/engine/ops/convolution-forms.js";
import { rules } from "../src/engine/ops/index.js";
import type { OpRule } from "../src/engine/rule.js";

const folder = "src/engine/ops";

interface Family {
  readonly file: string;
  readonly source: string;
  readonly ops: ReadonlyMap<string, OpRule>;
}

const isRule = (value: unknown): value is OpRule => typeof (value as OpRule | undefined)?.emit === "function";

/** The op tables that the files of `folder` export. */
async function readFamilies(): Promise<Family[]> {
  const files = readdirSync(folder).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  const families = files.map(async (file) => {
    const exported: Record<string, unknown> = await import(/* @vite-ignore */ `../${folder}/${file}`);
    const tables = Object.values(exported).filter((value) => value !== rules && value !== null);
    const entries = tables.flatMap((table) => (typeof table === "object" ? Object.entries(table as object) : []));
    return {
      file,
      source: readFileSync(`${folder}/${file}`, "utf8"),
      ops: new Map(entries.filter(([, v]) => isRule(v))),
    };
  });
  return Promise.all(families);
}

/** How the op is differentiated, in words. */
function derivative({ gradient }: OpRule): string {
  if (!gradient) return "none: made by lowering, after differentiation";
  return /=>\s*\[\s*null(,\s*null)*\s*\]/.test(gradient.toString()) ? "zero: constant under differentiation" : "yes";
}

describe("docs/engine-ops.md", () => {
  it("lists every op with the file that holds its derivative", async () => {
    const families = await readFamilies();
    const rows = Object.entries(rules).map(([op, rule]) => {
      // An op may pass through other tables; it is written where its key opens a rule.
      const home = families.find(({ source, ops }) => ops.has(op) && new RegExp(`^ +${op}: [{a-z]`, "m").test(source));
      if (!home) throw new Error(`no file of ${folder} holds a rule "${op}: {"`);
      return { op, line: `| \`${op}\` | [${home.file}](../${folder}/${home.file}) | ${derivative(rule!)} |` };
    });
    const page = [
      "# Where is the derivative of …",
      "",
      "Written by `npx vitest run test/engine-docs.test.ts -u`; a test fails when an op is missing. In the file, search for `<op>:`. Functions that are",
      "not listed (softmax, norms, losses, layers) are made of these ops and have no rule of their own. See [engine.md](engine.md).",
      "",
      "| op | file | derivative |",
      "| --- | --- | --- |",
      ...rows.sort((a, b) => (a.op < b.op ? -1 : 1)).map(({ line }) => line),
      "",
    ];
    await expect(page.join("\n")).toMatchFileSnapshot("../docs/engine-ops.md");
  });
});

describe("docs/engine.md", () => {
  const page = readFileSync("docs/engine.md", "utf8");

  it("quotes code that is in the tree", () => {
    const quotes = [...page.matchAll(/from\s+`(src\/[\w/.-]+)`[^`]*```ts\n([\s\S]*?)```/gi)];
    expect(quotes.length).toBeGreaterThanOrEqual(3);
    for (const [, file, code] of quotes) expect(readFileSync(file!, "utf8"), file).toContain(code!.trim());
  });

  it("lists the forms of every convolution", () => {
    const listed = [...page.matchAll(/^\| (?:`(conv\w*)` )?\| `(\w+)` \| /gm)];
    let member = "";
    const byMember = listed.map(([, opened, form]) => {
      member = opened ?? member;
      return [member, form];
    });
    expect(byMember).toEqual(
      Object.entries(forms).flatMap(([name, known]) => Object.keys(known).map((form) => [name, form])),
    );
  });

  it("names files that exist", () => {
    const named = [...page.matchAll(/`((?:src|test|scripts|examples)\/[\w/.-]+\.(?:ts|js|py))`/g)].map(
      ([, file]) => file!,
    );
    expect(named.length).toBeGreaterThan(8);
    for (const file of named) expect(() => readFileSync(file), file).not.toThrow();
  });
});
