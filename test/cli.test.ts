// The built command line, end to end: `npm test` builds dist/ before. Runs in a folder of its own.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAudit } from "../src/report/json.js";

const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "leakscope-cli-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(
  args: readonly string[],
  cwd = folder,
): { child: ChildProcessWithoutNullStreams; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [main, ...args], { cwd });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => (err += chunk));
  return { child, ended: new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err }))) };
}

const leakscope = (...args: string[]): Promise<Ended> => start(args).ended;

/** Resolves when stderr has shown `text`. */
const shown = (child: ChildProcessWithoutNullStreams, text: string): Promise<void> =>
  new Promise((resolve) => {
    let seen = "";
    child.stderr.on("data", (chunk) => {
      seen += chunk;
      if (seen.includes(text)) resolve();
    });
  });

describe("leakscope audit", () => {
  const config =
    "data: { records: [0, 1] }\nthreats: [B, G]\nattacks: [robbing-the-fed]\nfederation: { batchSize: 2 }\n";

  it("writes the run folder, the asked-for files and a summary; a leak is no failure", async () => {
    await writeFile(join(folder, "small.yaml"), config);
    const { code, out, err } = await leakscope("audit", "-c", "small.yaml", "-o", "out/a.json", "-o", "out/a.html");
    expect(err).toContain("robbing-the-fed × none (G): leak");
    expect(out).toMatch(/G {2}Data-Enhanced Manipulator +1 leak/);
    expect(out).toMatch(/B {2}Informed Eavesdropper .*1 not applicable/);
    expect(code).toBe(0);
    const audit = parseAudit(await readFile(join(folder, "out/a.json"), "utf8"), "a.json");
    expect(audit.cells.map(({ status }) => status)).toEqual(["not-applicable", "leak"]);
    expect(audit.cells[0]!.reason).toContain('robbing-the-fed needs "trainingDetails"');
    expect(await readFile(join(folder, "out/a.html"), "utf8")).toContain("<html");
    const run = join(folder, out.match(/Report: (.*)\/report\.html/)![1]!);
    expect((await readdir(run)).sort()).toEqual([
      "audit.json",
      "cells",
      "config.yaml",
      "events.jsonl",
      "report.html",
      "trainings",
    ]);
    const cell = await readdir(join(run, "cells", audit.cells[1]!.key));
    expect(cell.sort()).toEqual(["curve.csv", "reconstruction.png", "result.json", "truth.png"]);
  });

  it("does not compute again what it knows, unless told to", async () => {
    const again = await leakscope("audit", "-c", "small.yaml", "--json");
    expect(again.err).toContain("known from before");
    expect(again.err).not.toContain("started");
    expect(parseAudit(again.out, "stdout").summary.G).toMatchObject({ leak: 1, score: 0 });
    expect((await leakscope("audit", "-c", "small.yaml", "--fresh", "--workers", "1")).err).toContain("started");
  });

  it("exits 100 when an assertion fails, and writes every format; one that cannot fail is refused", async () => {
    const demanding = `${config}assert: { "threat/*": [error, { maxLeaks: 0 }], "attack/*": [warn, { maxPsnr: 20 }] }\n`;
    await writeFile(join(folder, "demanding.yaml"), demanding);
    const outputs = ["o.json", "o.xml", "o.csv", "o.md"];
    const { code, out } = await leakscope("audit", "-c", "demanding.yaml", ...outputs.flatMap((file) => ["-o", file]));
    expect(code).toBe(100);
    expect(out).toContain("failed (error)  threat/*: maxLeaks 0; measured 1");
    expect(out).toContain("failed (warn)  attack/*: maxPsnr 20");
    const [json, xml, csv, md] = await Promise.all(outputs.map((file) => readFile(join(folder, file), "utf8")));
    expect(parseAudit(json!, "o.json").assertions.map(({ outcome }) => outcome)).toEqual(["failed", "failed"]);
    expect(xml).toContain('<failure message="failed: measured 1');
    expect(csv!.split("\r\n")[2]).toMatch(/^G,robbing-the-fed,none,false,/);
    expect(md).toContain("## Vulnerabilities to known attacks");

    await writeFile(join(folder, "idle.yaml"), `${config}assert: { "attack/dlg": [error, { maxPsnt: 20 }] }\n`);
    const idle = await leakscope("audit", "-c", "idle.yaml");
    expect(idle.code).toBe(1);
    expect(idle.err).toContain("selects no attack of this audit");
    expect(idle.err).toContain('unknown limit "maxPsnt"; did you mean "maxPsnr"?');
  });

  it("stops within a second of Ctrl-C, keeps finished cells, and goes on where it stopped", async () => {
    const cwd = join(folder, "stopped");
    await mkdir(cwd);
    const quick = "{ id: inverting-gradients, iterations: 5 }";
    await writeFile(
      join(cwd, "long.yaml"),
      `data: { records: [0] }\nthreats: [B]\nattacks: [${quick}, { id: dlg, target: 0, calls: 3000 }]\n`,
    );
    const { child, ended } = start(["audit", "-c", "long.yaml", "--workers", "2"], cwd);
    await shown(child, "inverting-gradients × none (B): no leak");
    const stopped = performance.now();
    child.kill("SIGINT");
    const { code, out, err } = await ended;
    expect(performance.now() - stopped).toBeLessThan(1000);
    expect(code).toBe(130);
    expect(err).toContain("Stopping; finished cells are kept");
    const run = out.match(/Go on with: leakscope audit --resume (\S+)/)![1]!;
    const audit = parseAudit(await readFile(join(cwd, run, "audit.json"), "utf8"), "audit.json");
    expect(audit.interrupted).toBe(true);
    expect(audit.cells.map(({ scores }) => Object.keys(scores).length > 0)).toEqual([true, false]);
    expect(existsSync(join(cwd, run, "report.html"))).toBe(true);

    const resumed = start(["audit", "--resume"], cwd);
    await shown(resumed.child, "dlg × none (B): started");
    resumed.child.kill("SIGINT");
    const after = await resumed.ended;
    expect(after.err).toContain("inverting-gradients × none (B): no leak, known from before");
    expect(after.err).toContain(`Run folder: ${run}`);
    expect(after.code).toBe(130);
  });

  it("names line and field of a wrong configuration, and starts no run", async () => {
    const cwd = join(folder, "wrong");
    await mkdir(cwd);
    await writeFile(join(cwd, "leakscope.config.yaml"), "seed: 1\nattacks: [dgl]\n");
    const { code, out, err } = await start(["audit"], cwd).ended;
    expect([code, out, err]).toEqual([
      1,
      "",
      'leakscope.config.yaml:2:11: attacks[0]: unknown attack "dgl"; did you mean "dlg"?\n',
    ]);
    await writeFile(join(cwd, "leakscope.config.yaml"), "data: { source: cifar10, path: ./none.bin }\n");
    const missing = await start(["audit"], cwd).ended;
    expect(missing.code).toBe(1);
    expect(missing.err).toContain("none.bin");
    expect(missing.err).not.toContain("    at ");
    expect(await readdir(join(cwd, "leakscope-runs"))).toEqual([]);
  });

  it.concurrent.each([
    [
      ["audit", "-o", "a.pdf"],
      'cannot write "a.pdf": the ending chooses the format, and there is .json or .html or .xml or .csv or .md',
    ],
    [["audit", "--preset", "dmo"], 'unknown preset "dmo"; did you mean "demo"?'],
    [["audit", "--resume", "nowhere"], "nowhere is no run folder"],
    [["audit", "--resume", "--fresh"], "--resume continues a run with its own configuration"],
    [["audit", "-c", "none.yaml"], "cannot read the configuration none.yaml"],
    [["audit", "--device", "tpu"], "Allowed choices are cpu, webgpu, cuda, auto"],
    [["play", "--port", "99999"], "Expected a whole number from 0 to 65535"],
    [["audit", "--seed", "x"], "Expected a whole number of at least 0"],
    [["attack", "dgl"], 'unknown attack "dgl"; did you mean "dlg"?'],
    [["attack", "dlg", "--option", "callz=1"], '--option: attacks[0].callz: unknown field; did you mean "calls"?'],
    [
      ["attack", "dlg", "--defense", "topk"],
      '--defense: defenses[0].id: unknown defense "topk"; did you mean "top-k"?',
    ],
    [["explain", "psrn"], 'nothing is called "psrn"; did you mean "psnr"?'],
    [["adit"], "unknown command 'adit'"],
  ])("exits 1 and says what to do next: %j", async (args, message) => {
    const { code, out, err } = await leakscope(...args);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain(message);
  });
});

describe("leakscope attack", () => {
  it("prints scores beside the floor and writes pictures", async () => {
    const options = ["--model", "convnet", "--batch-size", "2", "-o", "pictures"];
    const { code, out } = await leakscope("attack", "robbing-the-fed", ...options);
    expect(code).toBe(0);
    expect(out).toContain("robbing-the-fed under G, convnet, defense none, seed 1");
    expect(out).toMatch(/^record +class +psnr/m);
    expect(out).toMatch(/^0 .* \d+(\.\d+)? \(\d+(\.\d+)?\) .*leaked$/m);
    const files = ["reconstruction-0.png", "reconstruction-1.png", "result.json", "truth-0.png", "truth-1.png"];
    expect((await readdir(join(folder, "pictures"))).sort()).toEqual(files);
  });

  it("refuses a pair that the threat model denies, with the missing capability and the granting letter", async () => {
    const { code, err } = await leakscope("attack", "robbing-the-fed", "--threat", "B");
    expect(code).toBe(1);
    expect(err).toContain('needs "trainingDetails" and "surrogateData" and "activeManipulation", which threat model B');
    expect(err).toContain("is G (Data-Enhanced Manipulator)");
  });
});

describe("leakscope doctor", () => {
  it("tells what this machine can run, and what an audit would compute on, for people and for programs", async () => {
    const [told, printed] = await Promise.all([leakscope("doctor"), leakscope("doctor", "--json")]);
    expect([told.code, printed.code]).toEqual([0, 0]);
    expect(told.out).toMatch(/^cpu +[\d.]+ ms +\d+ GFLOP\/s +\d+ GFLOP\/s +\d+ GFLOP\/s$/m);
    expect(told.out).toMatch(/^--device auto would take: (cpu|webgpu|cuda) \(/m);
    const { devices, audit, parts } = JSON.parse(printed.out);
    expect(devices.map(({ device }: { device: string }) => device)).toEqual(["cpu", "webgpu", "cuda"]);
    for (const { speed, reason } of devices) expect(speed === null).toBe(reason !== null);
    expect(devices[0].speed.product64).toBeGreaterThan(0);
    expect(audit).toMatchObject({ device: "cpu", threadsEach: 1 });
    expect(parts[0]).toMatchObject({ name: "onnxruntime-node", found: expect.stringMatching(/^1\./) });
  });
});

describe("leakscope list and explain", () => {
  it("lists for people and for programs", async () => {
    expect((await leakscope("list", "attacks")).out).toMatch(/^dlg +A +optimization\/basic/m);
    const all = JSON.parse((await leakscope("list", "--json")).out);
    expect(Object.keys(all)).toEqual(["attacks", "defenses", "metrics", "models", "data", "threats", "presets"]);
    expect(all.threats).toHaveLength(8);
    const schema = JSON.parse((await leakscope("list", "--schema")).out);
    expect(schema.required).toContain("cells");
  });

  it.concurrent.each([
    ["dlg", ["https://arxiv.org/abs/1906.08935", "updates", "Granted by", "lineSearch", "default 300", "[measured]"]],
    ["top-k", ["keep", "default 0.01", "To turn it on"]],
    ["ssim", ["gauss11-valid (default)", "-1 to 1"]],
    ["b", ["Informed Eavesdropper", "basicKnowledge", "inverting-gradients"]],
    ["cifar10", ["path", "required"]],
    ["lenet", ["15826 parameters"]],
    ["surrogateData", ["D (Data-Enhanced Eavesdropper)"]],
  ])("explains %s", async (id, parts) => {
    const { code, out } = await leakscope("explain", id);
    expect(code).toBe(0);
    for (const part of parts) expect(out).toContain(part);
  });

  it("shows examples in every help, and the version", async () => {
    for (const verb of ["audit", "attack", "list", "explain"]) {
      expect((await leakscope(verb, "--help")).out).toContain(`Examples:\n  leakscope ${verb}`);
    }
    expect((await leakscope("--version")).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it("is quiet when its reader goes away", async () => {
    const { child, ended } = start(["list", "--schema"]);
    child.stdout.destroy();
    expect(await ended).toMatchObject({ code: 0, err: "" });
  });
});
