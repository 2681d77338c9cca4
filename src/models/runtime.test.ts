// The native runtime as a process sees it: no warnings (one can mean a lost fast path), no memory kept by programs that are gone.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { afterAll, describe, expect, it } from "vitest";

// Beside the other packages, so that the child finds onnxruntime-node without a build.
const folder = mkdtempSync("node_modules/.leakscope-");
afterAll(() => rmSync(folder, { recursive: true }));

/** Strips the types of a source file into the same place below `folder`. */
function transpile(path: string): void {
  const { outputText } = ts.transpileModule(readFileSync(path, "utf8"), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true },
  });
  const target = join(folder, path.replace(/\.ts$/, ".js"));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, outputText);
}

describe("LeNet's matching step, compiled, run and disposed of 72 times in both precisions", () => {
  it("writes nothing to standard error and returns its memory", { timeout: 60_000 }, () => {
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    for (const layer of ["src/engine", "src/math", "src/models"]) {
      for (const name of readdirSync(layer, { recursive: true, encoding: "utf8" })) {
        if (name.endsWith(".ts") && !name.endsWith(".test.ts")) transpile(join(layer, name));
      }
    }
    transpile("test/runtime-child.ts");
    const child = spawnSync(process.execPath, ["--expose-gc", join(folder, "test/runtime-child.js")], {
      encoding: "utf8",
    });
    expect(child.stderr).toBe("");
    const { before, after } = JSON.parse(child.stdout) as { before: number; after: number };
    // Sixty programs that are kept come to 300 MB.
    expect(after - before).toBeLessThan(60);
  });
});
