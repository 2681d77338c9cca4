// The example of CONTRIBUTING.md is a real attack: taken out of the page, built, dropped into a copy of the program, found and run.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ts from "typescript";
import { afterAll, describe, expect, it } from "vitest";

const copy = mkdtempSync(join(tmpdir(), "leakscope-contributing-"));
afterAll(() => rmSync(copy, { recursive: true, force: true }));

function leakscope(...args: string[]): string {
  return execFileSync(process.execPath, [join(copy, "dist/cli/main.js"), ...args], {
    cwd: copy,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
}

describe("a fifth attack in one new file", () => {
  const page = readFileSync("CONTRIBUTING.md", "utf8");
  const path = page.match(/`src\/(attacks\/[\w/-]+)\.ts`\n\n```ts\n/)![1]!;
  const source = page.match(/```ts\n([\s\S]*?)```/)![1]!;

  it("is listed, explained and wins its case without another change", () => {
    cpSync("dist", join(copy, "dist"), { recursive: true });
    cpSync("package.json", join(copy, "package.json"));
    symlinkSync(join(process.cwd(), "node_modules"), join(copy, "node_modules"));
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true },
    });
    mkdirSync(join(copy, "dist", path, ".."), { recursive: true });
    writeFileSync(join(copy, "dist", `${path}.js`), outputText);

    expect(leakscope("list", "attacks")).toContain("linear-quotient");
    expect(leakscope("explain", "linear-quotient")).toContain("Linear-layer quotient");
    const told = leakscope("attack", "linear-quotient", "--model", "mlp", "--records", "0", "--json");
    expect(JSON.parse(told).result.scores.psnr.best).toBeGreaterThan(60);
  });

  it("type-checks against the real contracts", () => {
    const file = join(process.cwd(), "src", `${path}.ts`);
    const options = ts.parseJsonConfigFileContent(
      ts.readConfigFile("tsconfig.json", ts.sys.readFile).config,
      ts.sys,
      process.cwd(),
    ).options;
    const host = ts.createCompilerHost(options);
    const { getSourceFile, fileExists, readFile } = host;
    host.fileExists = (name) => name === file || fileExists(name);
    host.readFile = (name) => (name === file ? source : readFile(name));
    host.getSourceFile = (name, ...rest) =>
      name === file ? ts.createSourceFile(name, source, ts.ScriptTarget.ES2022, true) : getSourceFile(name, ...rest);
    const program = ts.createProgram([file], options, host);
    const problems = ts.getPreEmitDiagnostics(program, program.getSourceFile(file));
    expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))).toEqual([]);
  });
});
