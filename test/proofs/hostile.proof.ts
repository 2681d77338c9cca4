// Every malformed or hostile file that the tests know, given to the command line: exit code 1, an error that names the file, within 2 s and
// 1 GB, no raw stack, nothing executed; and every whole twin is read.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hostileOnnx } from "../hostile/onnx.js";
import { MARK } from "../hostile/pickle-calls.js";
import { tensorFormats } from "../hostile-files.js";
import { type Measured, measureCli } from "../measured-cli.js";
import { exportedFile } from "../onnx-models.js";
import { note } from "./prove.js";

const SECONDS = 2;
const GB_IN_KIB = 1e9 / 1024;

const folder = mkdtempSync(join(tmpdir(), "leakscope-hostile-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Row {
  readonly name: string;
  readonly bytes: () => Uint8Array;
  readonly use: (file: string) => readonly string[];
}

const capture = join(folder, "capture");
const asUpdate = (file: string) => [
  ...["check", "lenet", "--classes", "8", "--try", "0.01"],
  ...["--global", join(capture, "round-0-global.safetensors"), "--update", file],
];
const asModel = (file: string) => ["check", file, "--try", "0.01"];

const tensors: Row[] = tensorFormats.flatMap(({ format, hostile }) =>
  hostile.map(([name, bytes]) => ({ name: `${format} ${name}`, bytes: () => bytes, use: asUpdate })),
);
/** Wrong only for batches of two or more, which `check` does not ask for. */
const fineAlone = "a fixed batch";
const wrong = Object.entries(hostileOnnx).filter(([name]) => name !== fineAlone);
const models: Row[] = wrong.map(([name, [bytes]]) => ({
  name: `ONNX, ${name}`,
  bytes,
  use: asModel,
}));

/** What is wrong with the answer to a hostile file; empty when nothing is. */
function faults(file: string, { code, out, err, seconds, peak }: Measured): string[] {
  return [
    ...(code === 1 ? [] : [`exit code ${code}`]),
    ...(err.includes(file) ? [] : [`the error does not name the file: ${err.slice(0, 200)}`]),
    ...(/^\s+at /m.test(err) ? ["a raw stack"] : []),
    ...(out === "" ? [] : ["something on stdout"]),
    ...(seconds <= SECONDS ? [] : [`${seconds.toFixed(1)} s`]),
    ...(peak <= GB_IN_KIB ? [] : [`${Math.round(peak / 1024)} MiB`]),
  ];
}

beforeAll(async () => {
  expect((await measureCli("capture", "-o", capture)).code).toBe(0);
});

describe("hostile files at the command line", () => {
  it.each([
    ["tensors", tensors],
    ["ONNX", models],
  ] as const)("%s", async (kind, rows) => {
    const started = performance.now();
    const found: string[] = [];
    const seconds: number[] = [];
    let peak = 0;
    for (const [i, { name, bytes, use }] of rows.entries()) {
      const file = join(folder, `${kind}-${i}${kind === "ONNX" ? ".onnx" : ".bin"}`);
      writeFileSync(file, bytes());
      let measured = await measureCli(...use(file));
      // The clock also runs while other programs have the processor: the quickest of three counts.
      for (let again = 0; again < 2 && measured.seconds > SECONDS; again++) {
        const repeated = await measureCli(...use(file));
        if (repeated.seconds < measured.seconds) measured = repeated;
      }
      found.push(...faults(file, measured).map((fault) => `${name}: ${fault}`));
      seconds.push(measured.seconds);
      peak = Math.max(peak, measured.peak);
    }
    expect(existsSync(MARK)).toBe(false);
    const line = {
      proof: `hostile files at the command line: ${kind}`,
      pictures: "none",
      unit: "s at most",
      measured: [Math.max(...seconds)],
      summary: `${rows.length} files, ${found.length} faults, at most ${Math.round(peak / 1024)} MiB${found.length > 0 ? `: ${found.join("; ")}` : ""}`,
      bar: "exit code 1, the file named, at most 2 s and 1 GB, no stack, nothing run",
      held: found.length === 0,
      seconds: (performance.now() - started) / 1000,
    };
    expect(note(line)).toBe(true);
  });

  it("whole twins are read", async () => {
    for (const { format, twins } of tensorFormats) {
      for (const [name, bytes] of Object.entries(twins)) {
        const file = join(folder, `twin-${name.replace(/\W/g, "-")}.bin`);
        writeFileSync(file, bytes);
        // Whole, but of another model: the reader accepts it, and the match says what does not fit.
        const { err } = await measureCli(...asUpdate(file));
        expect(err, `${format} ${name}`).not.toMatch(/truncated|damaged|expected a .* file/);
      }
    }
    const file = join(folder, "whole.onnx");
    writeFileSync(file, exportedFile("cnn-bn-folded"));
    expect((await measureCli(...asModel(file))).code).toBe(0);
  });
});
