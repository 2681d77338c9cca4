// `leakscope capture`: plays the federation of a configuration and keeps what travels as files, for attacks on another machine.
import { existsSync } from "node:fs";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import { stringify } from "yaml";
import { captureFederation } from "../audit/capture.js";
import { CAPTURE_FILE, type CaptureJson } from "../audit/captured.js";
import { loadCatalogue } from "../audit/catalogue.js";
import type { Config } from "../audit/config.js";
import { backendOf } from "../engine/backends/node-devices.js";
import { anchorPaths, checkConfig, DEFAULT_FILE, plainSource, readConfigText } from "./config-file.js";
import { type DeviceOptions, deviceOption, findDevice } from "./device.js";
import { type ExitCode, exitCodes, UsageError } from "./exit.js";
import { catchInterrupt } from "./interrupt.js";
import { figure, table } from "./table.js";
import { readVersion } from "./tool.js";

interface CaptureOptions extends DeviceOptions {
  readonly config?: string;
  readonly output: string;
  readonly json?: true;
}

const examples = `
Examples:
  leakscope capture -o captured
  leakscope capture -c fedavg.yaml -o captured
  leakscope audit -c captured/${DEFAULT_FILE}
  leakscope attack inverting-gradients --update captured/round-0-client-0.safetensors

A configuration of a federation:
  federation: { algorithm: FedAvg, clients: 4, partition: dirichlet, alpha: 0.5, batchSize: 4, localEpochs: 2, rounds: 3 }`;

/** The verb. `exit` is told how the process should end. */
export function captureCommand(exit: (code: ExitCode) => void): Command {
  return new Command("capture")
    .description("play a federation and keep its payloads and updates as files, to be attacked elsewhere")
    .option("-c, --config <file>", `configuration (default: ${DEFAULT_FILE} where there is one)`)
    .requiredOption("-o, --output <folder>", "where the files go")
    .addOption(deviceOption())
    .option("--json", "print capture.json")
    .addHelpText("after", examples)
    .action(async ({ config, output, device, json }: CaptureOptions) => {
      const captured = await capture(config, output, device);
      process.stdout.write(json ? `${JSON.stringify(captured, null, 2)}\n` : `${describe(captured, output)}\n`);
      exit(exitCodes.good);
    });
}

async function capture(
  file: string | undefined,
  folder: string,
  device: CaptureOptions["device"],
): Promise<CaptureJson> {
  if (existsSync(join(folder, CAPTURE_FILE))) {
    throw new UsageError(`${folder} holds a capture already; name another folder with -o, or remove it`);
  }
  const config = await readConfig(file ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : null));
  const found = await findDevice(device ?? config.device);
  await mkdir(folder, { recursive: true });
  const interrupt = catchInterrupt(() => process.stderr.write("Stopping. Ctrl-C again ends at once.\n"));
  try {
    const played = await captureFederation(config, {
      // One thread, as in an audit's workers: sums keep their order, and an audit of the capture its figures.
      backend: backendOf(found, 1),
      signal: interrupt.signal,
      save: (name, bytes) => writeFile(join(folder, name), bytes),
      onRound: (round, loss) =>
        void process.stderr.write(
          `round ${round + 1} of ${config.federation.rounds}: mean local loss ${figure(loss)}\n`,
        ),
    });
    const tool = { name: "leakscope", version: await readVersion() } as const;
    const copied = config.model.file === undefined ? {} : { file: MODEL_COPY };
    if (config.model.file !== undefined) await copyFile(config.model.file, join(folder, MODEL_COPY));
    const captured = { ...played, tool, model: { ...played.model, ...copied } };
    await writeFile(join(folder, DEFAULT_FILE), stringify(auditConfig(config, captured)));
    // Last, as it is what makes the folder a capture.
    await writeFile(join(folder, CAPTURE_FILE), `${JSON.stringify(captured, null, 1)}\n`);
    return captured;
  } catch (error) {
    throw interrupt.signal.aborted ? interrupt.signal.reason : error;
  } finally {
    interrupt.release();
  }
}

async function readConfig(file: string | null): Promise<Config> {
  const catalogue = await loadCatalogue();
  if (file === null) return checkConfig(plainSource({}, "defaults"), catalogue, "capture");
  return anchorPaths(checkConfig(await readConfigText(file), catalogue, "capture"), file);
}

const MODEL_COPY = "model.onnx";

/** The configuration that audits the capture from within its folder. */
function auditConfig(config: Config, { model, rounds }: CaptureJson) {
  const weights = rounds[0]!.global;
  const records = [...new Set(rounds.flatMap(({ updates }) => updates.flatMap((each) => each.records)))];
  return {
    ...config,
    model: model.file === undefined ? { name: model.name, weights } : { file: model.file, weights },
    data: { ...config.data, records },
    updates: ".",
  };
}

function describe({ federation, rounds }: CaptureJson, folder: string): string {
  const rows = rounds.map(({ round, updates }) => [
    `round ${round}`,
    `${updates.length} update(s)`,
    `${updates.reduce((sum, { samples }) => sum + samples, 0)} images`,
  ]);
  return [
    `${federation.algorithm}, batch size ${federation.batchSize}, learning rate ${federation.learningRate}`,
    table(rows),
    "",
    `Audit them, here or elsewhere: leakscope audit -c ${join(folder, DEFAULT_FILE)}`,
    `Attack one: leakscope attack dlg --update ${join(folder, rounds[0]!.updates[0]!.file)}`,
  ].join("\n");
}
