// The benchmark runs, with and without PyTorch, and its guard tells a slow-down. Speed itself is not asserted, as other
// tests run beside it.
import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const run = fileURLToPath(new URL("../bench/run.js", import.meta.url));
const committed = fileURLToPath(new URL("../bench/reference.json", import.meta.url));
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

/** A quick run of some cases, its JSON and its Markdown. */
async function quick(python: string, labels: string[], ...more: string[]) {
  const [json, markdown] = [join(folder, "bench.json"), join(folder, "RESULTS.md")];
  const named = labels.flatMap((label) => ["--case", label]);
  const ended = await bench("--quick", ...named, "--python", python, "--json", json, "--markdown", markdown, ...more);
  expect(ended.code, ended.err).toBe(0);
  return { ...ended, figures: JSON.parse(await readFile(json, "utf8")), results: await readFile(markdown, "utf8") };
}

/** The committed reference with every share multiplied. */
async function doctored(factor: number): Promise<string> {
  const reference = JSON.parse(await readFile(committed, "utf8"));
  const shares = Object.entries<number>(reference.shares).map(([label, share]) => [label, factor * share]);
  const file = join(folder, `reference-${factor}.json`);
  await writeFile(file, JSON.stringify({ ...reference, shares: Object.fromEntries(shares) }));
  return file;
}

describe("bench/run.js", () => {
  it.skipIf(!hasTorch)("computes what PyTorch computes and prints the ratio of times", async () => {
    const { out, figures, results } = await quick(PYTHON, ["lenet/l2:1"]);
    expect(figures.cases).toHaveLength(1);
    const [{ oursMs, peerMs, ratio, ratioRange, difference, ...others }] = figures.cases;
    expect(others).toMatchObject({ name: "lenet/l2", batch: 1 });
    expect(Math.min(oursMs, peerMs)).toBeGreaterThan(0);
    expect(ratio).toBeGreaterThanOrEqual(ratioRange[0]);
    expect(ratio).toBeLessThanOrEqual(ratioRange[1]);
    expect(difference).toBeLessThanOrEqual(2e-5);
    expect(out).toMatch(new RegExp(`\\| lenet/l2 \\| 1 .*\\| ${ratio.toFixed(2)} \\(`));
    expect(figures.targets).toEqual([
      { what: "lenet/l2:1", value: ratio, target: 3.5, unit: "", met: ratio >= 3.5, sign: "≥" },
    ]);
    expect(out).toContain(`lenet/l2:1: ${ratio.toFixed(2)}, target ≥ 3.50, ${ratio >= 3.5 ? "met" : "missed by "}`);
    const threads = availableParallelism();
    expect(results.split("## PyTorch with ")).toHaveLength(threads > 1 ? 3 : 2);
    expect(figures.also.map((each: { threads: number }) => each.threads)).toEqual(threads > 1 ? [1] : []);
  });

  it.skipIf(!hasTorch)(
    "computes what PyTorch computes for local training, many restarts, float64, cosine, ReLU",
    async () => {
      const labels = ["lenet/l2/fedavg-5:1", "lenet/l2/restarts-8", "lenet/l2/float64", "lenet/cosine", "convnet/l2:1"];
      const { figures } = await quick(PYTHON, labels, "--threads", "1");
      const found = (name: string) => figures.cases.find((each: { name: string }) => each.name === name);
      expect(found("lenet/l2/float64").difference).toBeLessThanOrEqual(1e-10);
      expect(found("lenet/l2/restarts-8").restarts).toBe(8);
      // Five steps cost at least five times the one, as all but the first also differentiate what came before.
      expect(found("lenet/l2/fedavg-5").gflop).toBeGreaterThan(5 * found("lenet/cosine").gflop);
    },
  );

  it("without PyTorch says how to get it, and gives our own figures", async () => {
    const { err, figures, results } = await quick(join(folder, "no-python"), ["lenet/l2:1"]);
    expect(err).toContain('install it with "sudo apt-get install python3-torch"');
    const [figure] = figures.cases;
    expect(figure).toMatchObject({ peerMs: null, ratio: null, difference: null });
    expect(figure.reason).toContain("no PyTorch in");
    // By hand: three convolutions of 230,400 multiply-adds, the first applied 5 times, the rest 7; the linear layer
    // has 7,680.
    expect(figure.gflop).toBeCloseTo((2 * (5 * 230_400 + 7 * (2 * 230_400 + 7_680))) / 1e9, 12);
    expect(figure.gflops).toBeCloseTo((1e3 * figure.gflop) / figure.oursMs, 9);
    expect(figure.shareOfPeak).toBeGreaterThan(0);
    expect(results).toContain("## Ours alone\n\n| case ");
    expect(results).toMatch(/ at commit (\w{7,}\+?|unknown): .*, no PyTorch\.\n/);
  });

  it("measures two workers against one, and time and memory of a build", async () => {
    const { figures, results } = await quick(join(folder, "no-python"), ["workers", "footprint"]);
    const { workers, footprint } = figures;
    expect(figures.cases).toEqual([]);
    expect(workers.speedup).toBeGreaterThan(0);
    // A session of ResNet-18 holds at least its 11 million weights.
    expect(footprint.peakMb).toBeGreaterThan(45);
    expect(results).toContain(`Build and open resnet18/l2:4: ${footprint.buildMs.toFixed(0)} ms`);
    expect(figures.targets.map(({ what }: { what: string }) => what)).toEqual([
      "two workers over one",
      "build resnet18/l2:4",
      "peak memory resnet18/l2:4",
    ]);
  });

  it.each([
    [["--case", "lenet/l3"], 'no case "lenet/l3"; known are lenet/l2:1, '],
    [["--patience", "soon"], '--patience takes a whole number, got "soon"'],
    [["--threads", "0"], "--threads takes at least 1"],
    [["--fast"], "Unknown option '--fast'"],
    [["--guard", "--reference", "/nowhere.json"], 'write it with "npm run bench -- --update-reference'],
    [["--guard", "--case", "lenet/cosine"], 'has no share for "lenet/cosine:1", only for lenet/l2:1, '],
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

describe("bench/run.js --guard", () => {
  const guard = (reference: string) => bench("--guard", "--quick", "--case", "lenet/l2:1", "--reference", reference);

  it("fails on a share far above what this machine reaches, and says by how much", async () => {
    const { code, out } = await guard(await doctored(100));
    expect(code).toBe(1);
    expect(out).toMatch(
      /^lenet\/l2:1: \d+\.\d % of its kernel's speed, reference \d+\.\d %: 0\.\d\d of it, below 0\.65: SLOWER\n$/,
    );
  });

  it("passes where a step is as fast as the reference says", async () => {
    const { code, out } = await guard(committed);
    expect(out).toMatch(/at least 0\.65: good\n$/);
    expect(code).toBe(0);
  });

  it("passes on what it wrote", async () => {
    const file = join(folder, "reference.json");
    const written = await bench("--update-reference", "--quick", "--case", "lenet/l2:1", "--reference", file);
    expect(written.code, written.err).toBe(0);
    expect(Object.keys(JSON.parse(await readFile(file, "utf8")).shares)).toEqual(["lenet/l2:1"]);
    expect((await guard(file)).code).toBe(0);
  });
});
