// `leakscope audit`: the main job. Reads a configuration, runs every cell, writes audit.json and report.html into a run folder.
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, extname, join, relative } from "node:path";
import { Command } from "commander";
import { stringify } from "yaml";
import type { AuditJson } from "../audit/audit-json.js";
import { type Catalogue, loadCatalogue } from "../audit/catalogue.js";
import type { Config, ConfigInput } from "../audit/config.js";
import { suggestion } from "../audit/nearest.js";
import { runAudit } from "../audit/run.js";
import { backendOf } from "../engine/backends/node-devices.js";
import { createWorkerPool } from "../jobs/worker-pool.js";
import { formats } from "../report/formats.js";
import { renderReport } from "../report/html.js";
import { serialiseAudit } from "../report/json.js";
import { loadWebPage } from "../report/web-page.js";
import { openRunFolder } from "../store/run-folder.js";
import { newestRun, newRunPath, runsFolder } from "../store/runs.js";
import { anchorPaths, checkConfig, DEFAULT_FILE, plainSource, readConfigText } from "./config-file.js";
import { type DeviceOptions, deviceOption, findDevice, workersOn } from "./device.js";
import { type ExitCode, exitCodeOf, UsageError } from "./exit.js";
import { catchInterrupt } from "./interrupt.js";
import type { RunningServer } from "./listen.js";
import { canRedraw, createLive } from "./live.js";
import { collect, wholeNumber } from "./options.js";
import { presets } from "./presets.js";
import { createRunLog } from "./run-log.js";
import { summaryText } from "./summary.js";
import { describeTool } from "./tool.js";
import { serveRun } from "./view.js";

interface AuditOptions extends DeviceOptions {
  readonly config?: string;
  readonly preset?: string;
  readonly output: readonly string[];
  readonly resume?: string | true;
  readonly fresh?: true;
  readonly workers?: number;
  readonly showOriginals?: true;
  readonly seed?: number;
  readonly json?: true;
  readonly view?: true;
  readonly utility: boolean;
  readonly color: boolean;
}

const examples = `
Examples:
  leakscope audit --preset demo                  a few minutes, embedded pictures, no download
  leakscope audit                                what ${DEFAULT_FILE} says
  leakscope audit -c fl.yaml -o audit.json -o report.html
  leakscope audit -o junit.xml -o cells.csv -o summary.md       for CI, statistics, and a data-protection file
  leakscope audit --resume                       go on with the newest run
  leakscope audit --preset demo --view           watch it in the browser
  leakscope audit --json | jq .summary

Exit codes: 0 good (a leak alone is a result), 1 the tool failed, 2 unknown (a control failed or a budget ran out),
100 an assertion of the configuration failed (assert:), 130 interrupted.`;

/** The verb. `exit` is told how the process should end. */
export function auditCommand(exit: (code: ExitCode) => void): Command {
  return new Command("audit")
    .description("run every attack under every threat model against every defense, and write a report")
    .option("-c, --config <file>", `configuration (default: ${DEFAULT_FILE} where there is one)`)
    .option("--preset <name>", `a ready-made configuration: ${Object.keys(presets).join(", ")}`)
    .option(
      "-o, --output <file>",
      "write the result here, too: .json, .html, .xml (JUnit), .csv or .md (repeatable)",
      collect,
      [],
    )
    .option("--resume [folder]", "go on with this run, or with the newest")
    .option("--fresh", "compute everything again, whatever is known from earlier runs")
    .option("--workers <n>", "cases side by side (default: one per core)", wholeNumber(1))
    .addOption(deviceOption())
    .option("--show-originals", "show original pictures in the report, also those of your own data")
    .option("--seed <n>", "seed of all random choices", wholeNumber(0))
    .option("--no-utility", "skip the short trainings that tell what defenses cost in accuracy")
    .option("--view", "serve the page meanwhile, to this machine only, until Ctrl-C (see `leakscope view`)")
    .option("--json", "print audit.json instead of a summary")
    .option("--no-color", "plain text; also no live grid")
    .addHelpText("after", examples)
    .action(async (options: AuditOptions) => exit(await audit(options)));
}

async function audit(options: AuditOptions): Promise<ExitCode> {
  for (const file of options.output) checkFormat(file);
  // Rather now than after minutes of work.
  loadWebPage();
  const catalogue = await loadCatalogue();
  const resumed = options.resume === undefined ? null : await findRun(options);
  const config = await readConfig(options, resumed, catalogue);
  const path = resumed ?? newRunPath(runsFolder, config);
  const closing = new AbortController();
  let server: RunningServer | undefined;
  const view = async (): Promise<void> => {
    server = await serveRun(path, closing.signal);
    process.stderr.write(`Live: ${server.url}\n`);
  };
  try {
    const result = await runInFolder(config, path, resumed === null, options, options.view ? view : async () => {});
    await tell(result, path, options);
    if (server && !result.interrupted) {
      process.stderr.write("The page stays until Ctrl-C.\n");
      await interrupted();
    }
    return exitCodeOf(result);
  } finally {
    closing.abort();
    await server?.closed;
  }
}

/** Writes the files that were asked for, and the summary. */
async function tell(result: AuditJson, path: string, options: AuditOptions): Promise<void> {
  for (const file of options.output) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, formats[extname(file)]!(result));
  }
  const places = { report: join(path, "report.html"), run: path };
  const color = options.color && process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  process.stdout.write(options.json ? serialiseAudit(result) : `${summaryText(result, places, color)}\n`);
}

/** Resolves at Ctrl-C. */
async function interrupted(): Promise<void> {
  const interrupt = catchInterrupt(() => {});
  await new Promise((resolve) => interrupt.signal.addEventListener("abort", resolve));
  interrupt.release();
}

function checkFormat(file: string): void {
  if (formats[extname(file)]) return;
  const endings = Object.keys(formats).join(" or ");
  throw new UsageError(`cannot write "${file}": the ending chooses the format, and there is ${endings}`);
}

/** The run that `--resume` means. Throws UsageError where there is none, or where other options contradict. */
async function findRun({ resume, config, preset, seed, showOriginals, fresh, device }: AuditOptions): Promise<string> {
  if (config ?? preset ?? seed ?? showOriginals ?? fresh ?? device) {
    throw new UsageError(
      "--resume continues a run with its own configuration; leave out -c, --preset, --seed, --device, --show-originals and --fresh",
    );
  }
  const found = resume === true ? await newestRun(runsFolder) : (resume ?? null);
  if (found === null)
    throw new UsageError(`there is no run to resume in ${runsFolder}/; start one with \`leakscope audit\``);
  if (!existsSync(join(found, "config.yaml"))) {
    throw new UsageError(`${found} is no run folder: it holds no config.yaml; runs are kept in ${runsFolder}/`);
  }
  return found;
}

async function readConfig(options: AuditOptions, resumed: string | null, catalogue: Catalogue): Promise<Config> {
  if (options.config !== undefined && options.preset !== undefined) {
    throw new UsageError("-c and --preset exclude each other; name one");
  }
  if (options.preset !== undefined) {
    const preset = presets[options.preset];
    if (!preset)
      throw new UsageError(`unknown preset "${options.preset}"; ${suggestion(options.preset, Object.keys(presets))}`);
    return override(checkConfig(plainSource(preset.config, `preset ${options.preset}`), catalogue), options);
  }
  const file = resumed
    ? join(resumed, "config.yaml")
    : (options.config ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : null));
  if (file === null) {
    process.stderr.write(
      `No ${DEFAULT_FILE} here: using the defaults. \`leakscope audit --preset demo\` is a good start.\n`,
    );
    return override(checkConfig(plainSource({} satisfies ConfigInput, "defaults"), catalogue), options);
  }
  const config = checkConfig(await readConfigText(file), catalogue);
  // A run's own configuration has been anchored already.
  return resumed ? config : override(anchorPaths(config, file), options);
}

const override = (config: Config, { seed, showOriginals, utility, device }: AuditOptions): Config => ({
  ...config,
  ...(utility ? {} : { utility: false as const }),
  ...(seed === undefined ? {} : { seed }),
  ...(device === undefined ? {} : { device }),
  ...(showOriginals ? { report: { ...config.report, originals: "show" as const } } : {}),
});

/** `onFolder` is awaited once the run folder is there. */
async function runInFolder(
  config: Config,
  path: string,
  isNew: boolean,
  options: AuditOptions,
  onFolder: () => Promise<void>,
): Promise<AuditJson> {
  const device = await findDevice(config.device);
  const tool = await describeTool();
  const run = await openRunFolder(path, { known: options.fresh ? "none" : "siblings" });
  await run.save("config.yaml", stringify(config));
  await onFolder();
  const pool = createWorkerPool(workersOn(device, options.workers));
  const grid = options.color && canRedraw(process.stderr);
  const live = createLive({ stream: process.stderr, workers: pool.size, grid });
  const log = createRunLog(run);
  const interrupt = catchInterrupt(() => live.say("Stopping; finished cells are kept. Ctrl-C again ends at once."));
  let planned = false;
  try {
    const result = await runAudit(config, {
      store: run,
      pool,
      backend: backendOf(device).name,
      signal: interrupt.signal,
      tool,
      checkpoint: async (audit) => {
        await run.save("audit.json", serialiseAudit(audit));
        await run.log({ type: "saved" });
      },
      onEvent(event) {
        if (event.type === "planned") {
          planned = true;
          process.stderr.write(`Run folder: ${relative(".", run.path) || "."}\n`);
        }
        live.onEvent(event);
        log.onEvent(event);
      },
    });
    live.stop();
    await run.save("audit.json", serialiseAudit(result));
    await run.save("report.html", renderReport(result));
    await log.end();
    return result;
  } catch (error) {
    live.stop();
    if (isNew && !planned) await rm(run.path, { recursive: true, force: true });
    throw error;
  } finally {
    await pool.close();
    interrupt.release();
  }
}
