// Gradients that PyTorch computed, exported by the recipe of docs/recipes.md and attacked here: dlg from every format, and inverting-gradients
// beside our own gradient of the same picture and weights, from the same starts.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import dlg from "../../src/attacks/optimization/basic/dlg.js";
import invertingGradients from "../../src/attacks/optimization/basic/inverting-gradients.js";
import { bringUpdate } from "../../src/audit/bring-tensors.js";
import { interpretUpdate } from "../../src/audit/interpret-update.js";
import { openOnnxModel } from "../../src/audit/open-model.js";
import { invertRecorded, type RecordedUpdate } from "../../src/audit/own-update.js";
import { nodeCpu } from "../../src/engine/backends/node-cpu.js";
import { createTrainer } from "../../src/federated/training.js";
import { tensor } from "../../src/math/tensor.js";
import { decibelsOf, portrait, recipe, torchIsMissing } from "../recipe.js";
import { note, told } from "./prove.js";

const cifar = join(process.env.LEAKSCOPE_DATA ?? "../shared/data", "cifar10-sample", "train_4000.bin");
const RECORD_BYTES = 3073;
const pictures = [
  {
    name: "CIFAR-10",
    missing: !existsSync(cifar),
    read: async (i: number) => readFileSync(cifar).subarray(i * RECORD_BYTES, (i + 1) * RECORD_BYTES),
  },
  { name: "drawn portraits", missing: false, read: portrait },
];
const backend = nodeCpu({ threads: 1 });
const seeds = [1, 2, 3, 4, 5];

const root = mkdtempSync(join(tmpdir(), "leakscope-recipe-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** PyTorch's update in a file of the recipe, and our own gradient of the same picture at the same weights. */
async function updatesOf(folder: string, file: string, record: Uint8Array) {
  const opened = await openOnnxModel(join(folder, "net.onnx"));
  const payload = { model: opened.model, weights: opened.weights! };
  const { tensors } = bringUpdate(opened, join(folder, file));
  const rest = { payload, batchSize: 1, normalization: null };
  const trainer = createTrainer(backend, "float32");
  const inputs = tensor(
    [1, 3, 32, 32],
    Float64Array.from(record.subarray(1), (byte) => byte / 255),
  );
  const own = await trainer.gradient(payload, { inputs, labels: [record[0]!] });
  await trainer.dispose();
  return {
    pytorch: { ...rest, update: interpretUpdate(payload, tensors, { batchSize: 1 }).update },
    ours: { ...rest, update: own.update },
  };
}

async function decibels(attack: typeof dlg, recorded: RecordedUpdate, record: Uint8Array, seed: number) {
  const own = { attack, options: attack.options.parse({}), threat: "B", seed, budgetSeconds: 3600 } as const;
  const { signal } = new AbortController();
  const result = await invertRecorded(recorded, own, { backend, signal, onProgress: () => {} });
  const [, base64] = result.images[0]!.reconstruction.split(",");
  return decibelsOf(Buffer.from(base64!, "base64"), record);
}

for (const { name, missing, read } of pictures) {
  describe.skipIf(missing || torchIsMissing)(`PyTorch's gradient on ${name}`, () => {
    it("of lenet is inverted by dlg from every format, and our own", async () => {
      const started = performance.now();
      const folder = mkdtempSync(join(root, "dlg-"));
      const record = await read(0);
      recipe(folder, record, "lenet", 4);
      const measured: number[] = [];
      for (const file of ["gradient.pt", "gradient.npz", "gradient.safetensors"]) {
        measured.push(await decibels(dlg, (await updatesOf(folder, file, record)).pytorch, record, 1));
      }
      measured.push(await decibels(dlg, (await updatesOf(folder, "gradient.pt", record)).ours, record, 1));
      const line = {
        proof: "own update: PyTorch's gradient of lenet as .pt, .npz, safetensors, and our own, dlg",
        pictures: name,
        unit: "dB",
        measured,
        summary: told(measured, 40),
        bar: ">= 40 dB from each",
        held: measured.every((value) => value >= 40),
        seconds: (performance.now() - started) / 1000,
      };
      expect(note(line)).toBe(true);
    });

    it("of lenet-wide gives inverting-gradients what our own gradient gives it", async () => {
      const started = performance.now();
      const [theirs, ours]: [number[], number[]] = [[], []];
      for (const seed of seeds) {
        const folder = mkdtempSync(join(root, "inverting-"));
        const record = await read(seed);
        recipe(folder, record, "lenet-wide", seed);
        const updates = await updatesOf(folder, "gradient.safetensors", record);
        theirs.push(await decibels(invertingGradients, updates.pytorch, record, seed));
        ours.push(await decibels(invertingGradients, updates.ours, record, seed));
      }
      const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
      const difference = mean(theirs) - mean(ours);
      const line = {
        proof: "own update: PyTorch's gradient of lenet-wide beside ours, inverting-gradients, 5 seeds",
        pictures: name,
        unit: "dB",
        measured: theirs,
        summary: `mean ${mean(theirs).toFixed(2)} dB, from our own gradient ${mean(ours).toFixed(2)} dB`,
        bar: "means within 1 dB",
        held: Math.abs(difference) <= 1,
        seconds: (performance.now() - started) / 1000,
      };
      expect(note(line)).toBe(true);
    });
  });
}
