// The benchmark runs, with and without PyTorch. Speed is not asserted: other tests run beside it.
import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const run = fileURLToPath(new URL("../bench/run.js", import.meta.url));
const PYTHON = "/usr/bin/python3";
const hasTorch = spawnSync(PYTHON, ["-c", "import torch"]).status === 0;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "leakscope-bench-test-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function bench(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [run, ...args]);
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => (err += chunk));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
}

/** A quick run of one case and its JSON. */
async function quick(python: string) {
  const file = join(folder, "bench.json");
  const ended = await bench("--quick", "--case", "lenet/l2:1", "--python", python, "--json", file);
  expect(ended.code, ended.err).toBe(0);
  return { ...ended, figures: JSON.parse(await readFile(file, "utf8")) };
}

describe("bench/run.js", () => {
  it.skipIf(!hasTorch)("computes what PyTorch computes and prints the ratio of times", async () => {
    const { out, figures } = await quick(PYTHON);
    expect(figures.cases).toHaveLength(1);
    const [{ oursMs, peerMs, ratio, ratioRange, difference, ...others }] = figures.cases;
    expect(others).toMatchObject({ name: "lenet/l2", batch: 1 });
    expect(Math.min(oursMs, peerMs)).toBeGreaterThan(0);
    expect(ratio).toBeGreaterThanOrEqual(ratioRange[0]);
    expect(ratio).toBeLessThanOrEqual(ratioRange[1]);
    expect(difference).toBeLessThanOrEqual(1e-4);
    expect(out).toMatch(new RegExp(`\\| lenet/l2 \\| 1 .*\\| ${ratio.toFixed(2)} \\(`));
  });

  it("without PyTorch says how to get it, and gives our own figures", async () => {
    const { err, figures } = await quick(join(folder, "no-python"));
    expect(err).toContain('install it with "sudo apt-get install python3-torch"');
    const [figure] = figures.cases;
    expect(figure).toMatchObject({ peerMs: null, ratio: null, difference: null });
    expect(figure.reason).toContain("no PyTorch in");
    // By hand: three convolutions of 230,400 multiply-adds, the first applied 5 times, the rest 7; 7,680 in the linear layer.
    expect(figure.gflop).toBeCloseTo((2 * (5 * 230_400 + 7 * (2 * 230_400 + 7_680))) / 1e9, 12);
    expect(figure.gflops).toBeCloseTo((1e3 * figure.gflop) / figure.oursMs, 9);
    expect(figure.shareOfPeak).toBeCloseTo(figure.gflops / figures.machine.peaks.float32.gflops, 9);
  });

  it.each([
    [["--case", "lenet/l3"], 'no case "lenet/l3"; known are lenet/l2:1, '],
    [["--patience", "soon"], '--patience takes a whole number, got "soon"'],
    [["--fast"], "Unknown option '--fast'"],
  ])("refuses %j", async (args, message) => {
    const { code, err } = await bench(...args);
    expect(err).toContain(message);
    expect(code).toBe(1);
  });

  it("explains itself", async () => {
    const { code, out } = await bench("--help");
    expect(code).toBe(0);
    expect(out).toContain("ratio = PyTorch's time / ours");
  });
});
