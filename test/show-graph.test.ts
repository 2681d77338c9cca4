// The script that docs/engine.md names runs on the build, counts operators and writes a model that loads.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { nodeCpu } from "../src/engine/backends/node-cpu.js";

const folder = mkdtempSync(join(tmpdir(), "leakscope-graph-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("show-graph counts the operators of a model's step and saves it", async () => {
  const file = join(folder, "lenet.onnx");
  const told = execFileSync(process.execPath, ["scripts/show-graph.js", "lenet", "--out", file], { encoding: "utf8" });
  expect(told).toMatch(/^lenet, batch 1, float32: \d+ nodes, 0\.1 MB$/m);
  expect(told).toMatch(/^ +\d+ Conv$/m);
  expect(told).toContain("x [1,3,32,32]");
  const session = await nodeCpu({ threads: 1 }).load(readFileSync(file), "float32");
  await session.dispose();
});
