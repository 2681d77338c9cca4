import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { floats, onnxFile } from "../../test/onnx-file.js";
import { channelsLastFile, exportCases, exportedFile } from "../../test/onnx-models.js";
import { createRandom } from "../math/random.js";
import { tensor } from "../math/tensor.js";
import type { Weights } from "../models/define.js";
import { writeSafetensors } from "../models/safetensors.js";
import { bringTensors } from "./bring-tensors.js";
import { openAlike, openFitting } from "./fit-data.js";
import { ModelError, openNamedModel, openOnnxModel, weightsOf } from "./open-model.js";

const folder = mkdtempSync(join(tmpdir(), "leakscope-open-model-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const keep = (name: string, bytes: Uint8Array | string): string => {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
};

const cnn = keep("cnn-bn.onnx", exportedFile("cnn-bn"));
const channelsLast = keep("last.onnx", channelsLastFile(exportCases.find(({ name }) => name === "channels-last")!));
const random = createRandom(1);

describe("a model", () => {
  it("is one of ours by name, or refused with the nearest word", () => {
    const { model, weights } = openNamedModel("lenet", { inputShape: [3, 32, 32], classes: 7 });
    expect([model.classes, weights]).toEqual([7, null]);
    expect(() => openNamedModel("lenett", { inputShape: [3, 32, 32], classes: 7 })).toThrow('did you mean "lenet"?');
  });

  it("is a file with its own images, classes and weights", async () => {
    const opened = await openOnnxModel(cnn);
    expect([opened.model.inputShape, opened.model.classes]).toEqual([[3, 16, 16], 4]);
    expect(weightsOf(opened, undefined, random).weights).toBe(opened.weights);
  });

  it.each([
    ["none.onnx", /none\.onnx: expected an ONNX file to read, found nothing there; check the path/],
    [".", /expected an ONNX file to read, found a folder/],
  ])("is refused by name where the file cannot be read: %s", async (name, reason) => {
    await expect(openOnnxModel(join(folder, name))).rejects.toThrow(reason);
  });
});

describe("weights from a file", () => {
  it("replace those of the model; statistics that they lack are the model's, and it is said", async () => {
    const opened = await openOnnxModel(cnn);
    const parameters = opened.model.parameters.map(({ name }) => name);
    const halved: Weights = new Map(
      parameters.map((name) => {
        const { shape, data } = opened.weights!.get(name)!;
        return [
          name,
          tensor(
            shape,
            data.map((value) => value / 2),
          ),
        ];
      }),
    );
    const path = keep("halved.safetensors", writeSafetensors(halved));
    const { weights, notes } = weightsOf(opened, path, random);
    expect([...weights.keys()]).toEqual([...opened.model.parameters, ...opened.model.buffers].map(({ name }) => name));
    expect(weights.get(parameters[0]!)).toEqual(halved.get(parameters[0]!));
    for (const { name } of opened.model.buffers) expect(weights.get(name)).toEqual(opened.weights!.get(name));
    expect(notes.join("\n")).toMatch(
      /matched by name[\s\S]*4 BatchNorm statistics are not in .*: taken from the ONNX file/,
    );
    const fresh = weightsOf({ ...opened, weights: null }, path, random);
    const variances = opened.model.buffers.filter(({ name }) => /var/.test(name));
    expect(fresh.weights.get(variances[0]!.name)!.data.every((value) => value === 1)).toBe(true);
    expect(fresh.notes.join()).toContain("means 0, variances 1");
  });

  it("follow the layout of the ONNX file, and are turned with it", async () => {
    const opened = await openOnnxModel(channelsLast);
    const [head] = opened.transposed;
    const { shape, data } = opened.weights!.get(head!)!;
    const [classes, features] = shape as [number, number];
    const byInput = Float32Array.from(data, (_, i) => data[(i % classes) * features + Math.floor(i / classes)]!);
    const file = new Map([...opened.weights!, [head!, tensor([features, classes], byInput)]]);
    const brought = bringTensors(opened, keep("by-input.safetensors", writeSafetensors(file)));
    expect(brought.tensors.get(head!)).toEqual(opened.weights!.get(head!));
    const ours = bringTensors(opened, keep("ours.safetensors", writeSafetensors(opened.weights!)));
    expect(ours.tensors.get(head!)).toEqual(opened.weights!.get(head!));
  });

  it("are refused where a number is none", async () => {
    const opened = await openOnnxModel(cnn);
    const [first] = opened.model.parameters;
    const bad = tensor(first!.shape, opened.weights!.get(first!.name)!.data.slice().fill(Number.NaN, 3, 4));
    const path = keep("bad.safetensors", writeSafetensors(new Map([...opened.weights!, [first!.name, bad]])));
    expect(() => bringTensors(opened, path)).toThrow(
      /bad\.safetensors, tensor .*: expected finite .* NaN at position 3/,
    );
  });
});

/** Global average, then a linear layer onto ten classes; edges may be left open. */
const small = (name: string, edge: number | string): string =>
  keep(
    name,
    onnxFile({
      opset: 17,
      inputs: { image: ["N", 3, edge, edge] },
      outputs: ["logits"],
      initialisers: [
        floats("fc.weight", [10, 3], new Float32Array(30).fill(0.1)),
        floats("fc.bias", [10], new Float32Array(10)),
      ],
      nodes: [
        ["GlobalAveragePool", ["image"], ["pooled"]],
        ["Flatten", ["pooled"], ["flat"]],
        ["Gemm", ["flat", "fc.weight", "fc.bias"], ["logits"], { transB: 1 }],
      ],
    }),
  );

describe("data", () => {
  const choice = (file: string) => ({ name: "x.onnx", file });
  const cifar = { source: "cifar10", path: keep("three.bin", new Uint8Array(3 * 3073)) };

  it("are brought to the model's size where their source can", async () => {
    const { dataset } = await openFitting(choice(small("24.onnx", 24)), { source: "portraits" });
    expect(dataset.shape).toEqual([3, 24, 24]);
  });

  it("give a model its size that leaves it open", async () => {
    const open = choice(small("open.onnx", "E"));
    const { opened } = await openFitting(open, { source: "portraits", size: 40 });
    expect(opened.model.inputShape).toEqual([3, 40, 40]);
    expect((await openFitting(open, cifar)).opened.model.inputShape).toEqual([3, 32, 32]);
  });

  it.each([
    [
      "24.onnx",
      { source: "portraits", size: 32 },
      "24.onnx takes images of 3x24x24, portraits gives 3x32x32; set data.size to 24",
    ],
    ["24.onnx", cifar, "cifar10 gives 3x32x32; use a source that gives 3x24x24, or export the model for 3x32x32"],
    ["cnn-bn.onnx", { source: "portraits" }, "tells 4 classes apart, portraits has 8; use data whose labels"],
  ])("are refused with the remedy by %s: %j", async (name, data, reason) => {
    const opening = openFitting(choice(join(folder, name)), data);
    await expect(opening).rejects.toThrow(ModelError);
    await expect(opening).rejects.toThrow(reason);
  });

  it("of a surrogate follow the victim's size", async () => {
    const { dataset } = await openFitting(choice(small("24.onnx", 24)), { source: "portraits" });
    expect((await openAlike(dataset, { source: "emoji" })).shape).toEqual([3, 24, 24]);
    expect((await openAlike(dataset, cifar)).shape).toEqual([3, 32, 32]);
  });
});
