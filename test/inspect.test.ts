// `leakscope inspect`, end to end on files: `npm test` builds dist/ before.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDataset } from "../src/data/open.js";
import type { Payload } from "../src/federated/hooks.js";
import { createRandom } from "../src/math/random.js";
import { tensor } from "../src/math/tensor.js";
import type { Weights } from "../src/models/define.js";
import { writeNpz } from "../src/models/files/npz.js";
import { type ImportedModel, readOnnxModel } from "../src/models/imported.js";
import { models } from "../src/models/index.js";
import { writeSafetensors } from "../src/models/safetensors.js";
import { armedPayloads, classFishing } from "./armed-payloads.js";
import { channelsLastFile, exportCases } from "./onnx-models.js";
import { freshPayload } from "./small-round.js";

const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const portraits = await openDataset({ source: "portraits", size: 16 });
const model = models.convnet!(portraits.shape, portraits.classes.length);
const honest = freshPayload(model, createRandom(1));
const flags = ["--model", "convnet", "--input", "3x16x16", "--classes", String(portraits.classes.length)];

/** Weights in the layout of the ONNX file that they came with. */
function asStored({ weights, transposed }: ImportedModel): Weights {
  expect(transposed.size).toBe(1);
  return new Map(
    [...weights].map(([name, held]) => {
      const [rows, columns] = held.shape as [number, number];
      const turned = held.data.map((_, i) => held.data[(i % rows) * columns + Math.floor(i / rows)]!);
      return [name, transposed.has(name) ? tensor([columns, rows], turned) : held];
    }),
  );
}

let folder: string;
const write = (name: string, { weights }: Payload) => writeFile(join(folder, name), writeSafetensors(weights));
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "leakscope-inspect-"));
  const [imprint] = await armedPayloads(portraits, 1);
  await write("honest.safetensors", honest);
  await write("armed.safetensors", imprint!.payload);
  await write("fished.safetensors", classFishing(honest, 1));
  await writeFile(join(folder, "list.npz"), writeNpz([...honest.weights.values()]));
  await writeFile(join(folder, "short.npz"), writeNpz([...honest.weights.values()].slice(1)));
  const onnx = channelsLastFile(exportCases.find(({ name }) => name === "channels-last")!);
  await writeFile(join(folder, "net.onnx"), onnx);
  await writeFile(join(folder, "net.safetensors"), writeSafetensors(asStored(readOnnxModel(onnx, "net.onnx"))));
  await writeFile(join(folder, "broken.safetensors"), "no tensors");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function inspect(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, "inspect", ...args], { cwd: folder }, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err });
    });
  });
}

describe("leakscope inspect", () => {
  it("finds nothing in an honest payload, and says what that is worth", async () => {
    const { code, out, err } = await inspect("honest.safetensors", ...flags);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/D0 {2}structure-pin +0 +≤ 0 +– +ok/);
    expect(out).toMatch(/D1 {2}duplicate-rows +[\d.]+ +≥ 1.5 +0 of \d+ +ok/);
    expect(out).toContain("Decision: no alarm. That is no proof");
    expect(out).toContain("SEER");
  });

  it("rejects an imprint block: exit code 100, and every detector that saw it", async () => {
    const { code, out } = await inspect("armed.safetensors", ...flags);
    expect(code).toBe(100);
    expect(out).toMatch(/structure-pin +4 .* REJECT/);
    expect(out).toMatch(/duplicate-rows .* QUARANTINE/);
    expect(out).toContain("imprint.0.bias was added");
    expect(out).toContain("Decision: reject.");
  });

  it("prints JSON with finite figures for programs", async () => {
    const data = ["--data", "portraits:size=16", "--earlier", "honest.safetensors"];
    const { code, out } = await inspect("fished.safetensors", ...flags, ...data, "--json");
    expect(code).toBe(100);
    const told = JSON.parse(out);
    expect(told).toMatchObject({ model: { id: "convnet", input: [3, 16, 16] }, decision: "quarantine", notes: [] });
    const byId = Object.fromEntries(told.inspections.map((each: { detector: string }) => [each.detector, each]));
    expect(byId["constant-next-layer"].flagged).toBe(true);
    expect(byId.dynamics.flagged).toBe(true);
    expect(byId["d-snr"].score).not.toBeNull();
    expect(byId["structure-pin"].flagged).toBe(false);
  });

  it("matches a list without names by its order, and runs no batch on another structure", async () => {
    expect((await inspect("list.npz", ...flags)).code).toBe(0);
    const refused = await inspect("armed.safetensors", ...flags, "--data", "portraits:size=16");
    expect(refused.code).toBe(100);
    expect(refused.out).toContain("--data was not used");
  });

  it("takes an ONNX file for the agreed architecture, and its layout", async () => {
    expect((await inspect("net.safetensors", "--model", "net.onnx")).code).toBe(0);
    expect((await inspect("honest.safetensors", "--model", "net.onnx")).out).toContain("Decision: reject.");
  });

  it.concurrent.each([
    [["none.safetensors", ...flags], "none.safetensors: expected a file or folder to read, found nothing there"],
    [["broken.safetensors", ...flags], "broken.safetensors"],
    [["short.npz", ...flags], "short.npz: expected"],
    [["honest.safetensors", "--model", "convnt", ...flags.slice(2)], 'unknown model "convnt"; did you mean "convnet"?'],
    [["honest.safetensors", ...flags.slice(0, 2), "--input", "16x16", "--classes", "8"], "such as 3x32x32"],
    [["honest.safetensors", ...flags.slice(0, 2)], "--model convnet needs --input and --classes"],
    [["honest.safetensors", "--model", "none.onnx"], "none.onnx: expected an ONNX file to read, found nothing there"],
    [["honest.safetensors", ...flags, "--data", "portraits"], "--data portraits has 3x32x32 pictures"],
    [["honest.safetensors", ...flags, "--earlier", "list.npz"], "add --data"],
  ])("exits 1 and says what to do next: %j", async (args, message) => {
    const { code, out, err } = await inspect(...args);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain(message);
    expect(err).not.toContain("    at ");
  });

  it("has an example in its help", async () => {
    const { code, out } = await inspect("--help");
    expect(code).toBe(0);
    expect(out).toContain("leakscope inspect payload.safetensors --model convnet --input 3x32x32 --classes 10");
    expect(out).toContain("100 alarm");
  });
});
