// `leakscope doctor`: what this machine can run, how fast, and what an audit would compute on here.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { availableParallelism, cpus, platform, release, totalmem } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Command } from "commander";
import { fastestOf, type SurveyedDevice, surveyDevices } from "../engine/backends/node-devices.js";
import { runsFolder } from "../store/runs.js";
import { type ExitCode, exitCodes } from "./exit.js";
import { PROOFS_FOLDER } from "./reproduce.js";
import { figure, table, wrap } from "./table.js";
import { readVersion } from "./tool.js";

const examples = `
Examples:
  leakscope doctor
  leakscope doctor --json | jq .devices

Exit code: 0; a device that is not there is no failure.`;

/** A part of the installation or of the machine that not everybody needs. */
interface Part {
  readonly name: string;
  /** Version or place; null where it is not there. */
  readonly found: string | null;
  /** What works with it. */
  readonly purpose: string;
}

/** What `--json` prints. */
interface Diagnosis {
  readonly leakscope: string;
  readonly machine: {
    readonly node: string;
    readonly platform: string;
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGb: number;
  };
  readonly devices: readonly SurveyedDevice[];
  readonly audit: { readonly device: string; readonly casesAtOnce: number; readonly threadsEach: number };
  readonly auto: { readonly device: string; readonly why: string };
  readonly parts: readonly Part[];
  /** Folders below this one that hold finished cases. */
  readonly kept: readonly { readonly folder: string; readonly megabytes: number }[];
}

/** The verb. `exit` is told how the process should end. */
export function doctorCommand(exit: (code: ExitCode) => void): Command {
  return new Command("doctor")
    .description("tell what this machine can run, how fast, and what an audit would compute on")
    .option("--json", "print it as JSON")
    .addHelpText("after", examples)
    .action(async ({ json }: { readonly json?: true }) => {
      process.stderr.write("Measuring, a few seconds\n");
      const diagnosis = await diagnose();
      process.stdout.write(json ? `${JSON.stringify(diagnosis, null, 2)}\n` : `${describe(diagnosis)}\n`);
      exit(exitCodes.good);
    });
}

async function diagnose(): Promise<Diagnosis> {
  const [devices, parts, kept] = [await surveyDevices(), await findParts(), await measureFolders()];
  const cores = availableParallelism();
  return {
    leakscope: await readVersion(),
    machine: {
      node: process.version,
      platform: `${platform()} ${release()} ${process.arch}`,
      cpu: cpus()[0]?.model.trim() ?? "unknown",
      cores,
      memoryGb: Math.round(Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY) / 2 ** 30),
    },
    devices,
    audit: { device: "cpu", casesAtOnce: cores, threadsEach: 1 },
    auto: fastestOf(devices),
    parts,
    kept,
  };
}

async function findParts(): Promise<Part[]> {
  const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";
  return [
    { name: "onnxruntime-node", found: await installed("onnxruntime-node"), purpose: "computes everything" },
    { name: "onnxruntime-web", found: await installed("onnxruntime-web"), purpose: "the engine in pages of your own" },
    { name: "sharp", found: await installed("sharp"), purpose: "WebP pictures, and JPEG as libjpeg decodes it" },
    { name: "PyTorch", found: await pytorch(), purpose: "comparison in `npm run bench`" },
    { name: "Chromium", found: existsSync(chromium) ? chromium : null, purpose: "tests of pages in `npm test`" },
  ];
}

async function installed(name: string): Promise<string | null> {
  try {
    const entry = new URL(import.meta.resolve(name));
    // Packages need not export their manifest: it lies above the entry.
    for (let folder = new URL(".", entry); folder.pathname.includes(name); folder = new URL("..", folder)) {
      const manifest = await readFile(new URL("package.json", folder), "utf8").then(JSON.parse, () => null);
      if (manifest?.name === name) return manifest.version;
    }
  } catch {
    // Not installed.
  }
  return null;
}

async function pytorch(): Promise<string | null> {
  const run = promisify(execFile);
  return run("/usr/bin/python3", ["-c", "import torch; print(torch.__version__)"], { timeout: 20_000 }).then(
    ({ stdout }) => stdout.trim(),
    () => null,
  );
}

async function measureFolders(): Promise<Diagnosis["kept"]> {
  const found = [runsFolder, PROOFS_FOLDER].filter((folder) => existsSync(folder));
  return Promise.all(
    found.map(async (folder) => {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile());
      const sizes = await Promise.all(files.map(async (file) => (await stat(join(file.parentPath, file.name))).size));
      return { folder, megabytes: sizes.reduce((sum, size) => sum + size, 0) / 2 ** 20 };
    }),
  );
}

function describe({ leakscope, machine, devices, audit, auto, parts, kept }: Diagnosis): string {
  const rows = devices.flatMap(({ device, speed }) =>
    speed
      ? [
          [
            device,
            `${figure(1000 * speed.step)} ms`,
            `${speed.product.toFixed(0)} GFLOP/s`,
            speed.product64 === null ? "on cpu" : `${speed.product64.toFixed(0)} GFLOP/s`,
            `${speed.convolution.toFixed(0)} GFLOP/s`,
          ],
        ]
      : [],
  );
  const absent = devices.flatMap(({ device, reason }) =>
    reason === null ? [] : [`${device} cannot be used: ${reason}`],
  );
  return [
    `leakscope ${leakscope}, Node ${machine.node}, ${machine.platform}`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB`,
    "",
    table([["device", "small step", "product, float32", "float64", "convolution"], ...rows]),
    ...absent.map((line) => wrap(line, 110, "  ")),
    "",
    `An audit computes on: ${audit.device}, ${audit.casesAtOnce} cases side by side with a thread each (--device, --workers)`,
    `--device auto would take: ${auto.device} (${wrap(auto.why, 100, "  ")})`,
    "",
    table(parts.map(({ name, found, purpose }) => [name, found ?? "not found", purpose])),
    ...kept.map(
      ({ folder, megabytes }) =>
        `\n${folder}/ keeps ${megabytes.toFixed(0)} MB of finished cases; remove it to free them`,
    ),
  ].join("\n");
}
