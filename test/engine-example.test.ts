// The example of examples/engine.ts does what it says, type-checks against the real engine, and stays short.
import { readFileSync } from "node:fs";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { runTranspiled } from "./transpiled.js";

const path = "examples/engine.ts";

describe("the engine's example", () => {
  it("inverts a gradient and trains LeNet", () => {
    const { stdout, stderr } = runTranspiled(path, { layers: ["src/engine", "src/math"] });
    expect(stderr).toBe("");
    const [, psnr, grey] = stdout.match(/^inverted: PSNR ([\d.]+) dB, where plain grey has ([\d.]+) dB$/m)!.map(Number);
    const [, loss, accuracy] = stdout
      .match(/^trained: loss ([\d.]+), accuracy ([\d.]+) on new pictures$/m)!
      .map(Number);
    expect(psnr).toBeGreaterThan(30);
    expect(grey).toBeLessThan(10);
    expect(loss).toBeLessThan(0.1);
    expect(accuracy).toBeGreaterThanOrEqual(0.95);
  });

  it("has at most 60 lines and imports nothing but the engine", () => {
    const source = readFileSync(path, "utf8");
    expect(source.trimEnd().split("\n").length).toBeLessThanOrEqual(60);
    expect(ts.preProcessFile(source).importedFiles.map(({ fileName }) => fileName)).toEqual([
      "leakscope/engine",
      "leakscope/engine/node-cpu",
    ]);
  });

  it("type-checks", () => {
    const { config } = ts.readConfigFile("tsconfig.json", ts.sys.readFile);
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, process.cwd());
    // Against the source, so that no build is needed.
    const paths = {
      "leakscope/engine": ["./src/engine/index.ts"],
      "leakscope/engine/node-cpu": ["./src/engine/backends/node-cpu.ts"],
    };
    const program = ts.createProgram([path], { ...options, paths });
    const problems = ts.getPreEmitDiagnostics(program, program.getSourceFile(path));
    expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))).toEqual([]);
  });
});
