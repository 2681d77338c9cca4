// Generators that a user brings: what PyTorch painted with them, as a black box and traced, and files that cannot be used.
import { readFileSync } from "node:fs";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { backend } from "../../../test/small-round.js";
import { compile, createGraph } from "../../engine/index.js";
import {
  TensorProto_DataLocation as DataLocation,
  ModelProtoSchema,
  StringStringEntryProtoSchema,
} from "../../engine/onnx/onnx_pb.js";
import { createRandom } from "../../math/random.js";
import { type Prior, sampleLatents } from "./generator.js";
import { GeneratorError } from "./generator-error.js";
import { importGenerator } from "./import-generator.js";
import { readManifest } from "./manifest.js";
import { openGenerator } from "./open-generator.js";
import { heldWeights } from "./train-network.js";

interface Stored {
  readonly at: number;
  readonly shape: readonly number[];
}
interface Painted {
  readonly latents: Stored;
  readonly labels: readonly number[] | null;
  readonly images: Stored;
}

const fixtures = new URL("../../../test/fixtures/", import.meta.url);
const cases: Readonly<Record<"dcgan" | "conditional", Painted>> = JSON.parse(
  readFileSync(new URL("generators.json", fixtures), "utf8"),
);
const numbers = new Float64Array(new Uint8Array(readFileSync(new URL("generators.bin", fixtures))).buffer);
const stored = ({ at, shape }: Stored) => numbers.subarray(at, at + shape.reduce((product, size) => product * size, 1));
const bytesOf = (name: string) => new Uint8Array(readFileSync(new URL(`generators/${name}.onnx`, fixtures)));

const dcganText = '{ "latent": [8, 1, 1], "output": "tanh", "resolution": [3, 16, 16] }';
const conditionalText =
  '{ "latent": 6, "output": "unit", "resolution": [1, 8, 8], "classes": { "count": 3, "encoding": "index" } }';
const dcgan = { bytes: bytesOf("dcgan"), manifest: readManifest(dcganText, "dcgan.json"), file: "dcgan.onnx" };
const conditional = {
  bytes: bytesOf("conditional"),
  manifest: readManifest(conditionalText, "conditional.json"),
  file: "conditional.onnx",
};

const largestError = (values: ArrayLike<number>, expected: ArrayLike<number>) => {
  expect(values.length).toBe(expected.length);
  return Array.from(values).reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
};
/** PyTorch's pictures of the DCGAN, from tanh's range to [0, 1]. */
const dcganPixels = stored(cases.dcgan.images).map((value) => (value + 1) / 2);

describe("a generator as PyTorch exports it", () => {
  it("paints as a black box what PyTorch painted", async () => {
    const generator = await openGenerator(dcgan, backend);
    expect([generator.latent, generator.resolution, generator.classes]).toEqual([8, [3, 16, 16], undefined]);
    const painted = await generator.paint(Float32Array.from(stored(cases.dcgan.latents)));
    expect(largestError(painted, dcganPixels)).toBeLessThan(1e-5);
    await expect(generator.paint(new Float32Array(9))).rejects.toThrow(RangeError);
    await expect(generator.paint(new Float32Array(8), [0])).rejects.toThrow("takes no classes");
    await generator.dispose();
  });

  it("takes classes, and wants them", async () => {
    const generator = await openGenerator(conditional, backend);
    const latents = Float32Array.from(stored(cases.conditional.latents));
    const painted = await generator.paint(latents, cases.conditional.labels!);
    expect(largestError(painted, stored(cases.conditional.images))).toBeLessThan(1e-5);
    await expect(generator.paint(latents)).rejects.toThrow("expected 3 classes from 0 to 2, got none");
    await expect(generator.paint(latents, [0, 1, 3])).rejects.toThrow("from 0 to 2, got 0,1,3");
    await generator.dispose();
    expect(() => importGenerator(conditional)).toThrow("open it as a black box");
  });

  it("paints the same when traced, and in another size by means over areas", async () => {
    for (const [resolution, expected] of [
      [[3, 16, 16], dcganPixels],
      [[3, 8, 8], halved(dcganPixels)],
    ] as const) {
      const generator = importGenerator({ ...dcgan, resolution });
      const latents = createGraph().input("z", [5, 8]);
      const images = generator.trace(latents, heldWeights(generator.weights)(latents));
      const program = await compile({ images }, { backend, dtype: "float32" });
      const { images: painted } = await program.run({ z: Float32Array.from(stored(cases.dcgan.latents)) });
      await program.dispose();
      expect(largestError(painted, expected)).toBeLessThan(1e-5);
    }
  });
});

/** Means of 2x2 pixels of 16x16 planes. */
const halved = (pixels: Float64Array): Float64Array =>
  Float64Array.from({ length: pixels.length / 4 }, (_, i) => {
    const [plane, row, column] = [Math.floor(i / 64), Math.floor((i % 64) / 8), i % 8];
    const at = plane * 256 + row * 32 + column * 2;
    return (pixels[at]! + pixels[at + 1]! + pixels[at + 16]! + pixels[at + 17]!) / 4;
  });

/** The DCGAN's file with a change. */
function changed(change: (model: ReturnType<typeof fromBinary<typeof ModelProtoSchema>>) => void) {
  const model = fromBinary(ModelProtoSchema, dcgan.bytes);
  change(model);
  return { ...dcgan, bytes: toBinary(ModelProtoSchema, model) };
}

describe("a generator that cannot be used", () => {
  const manifest = (changes: object) => ({ ...dcgan, manifest: { ...dcgan.manifest, ...changes } });
  it.each([
    ["an empty file", { ...dcgan, bytes: new Uint8Array() }, /dcgan.onnx.*an empty file/],
    ["no model", { ...dcgan, bytes: Uint8Array.of(9, 9, 9) }, /dcgan.onnx/],
    ["a cut file", { ...dcgan, bytes: dcgan.bytes.slice(0, 4000) }, /dcgan.onnx/],
    ["another latent", manifest({ latent: [9, 1, 1] }), /dcgan.onnx.*\[N, 9,1,1\]/],
    ["another resolution", manifest({ resolution: [3, 8, 8] }), /dcgan.onnx.*correct the manifest's resolution/],
    ["another range", manifest({ output: "unit" }), /dcgan.onnx.*values from 0 to 1.*correct the manifest's output/],
    ["an input that is not there", manifest({ names: { latent: "w" } }), /the latent input "w" of the manifest/],
    ["classes that it does not take", manifest({ classes: { count: 2, encoding: "index" } }), /two inputs/],
    ["other channels", { ...dcgan, resolution: [1, 16, 16] as const }, /pictures of 1 channels/],
    [
      "weights in another file",
      changed(({ graph }) => {
        const [tensor] = graph!.initializer;
        tensor!.dataLocation = DataLocation.EXTERNAL;
        tensor!.externalData = [create(StringStringEntryProtoSchema, { key: "location", value: "/etc/passwd" })];
      }),
      /weights inside the file/,
    ],
    [
      "an operator that does not exist",
      changed(({ graph }) => {
        graph!.node[0]!.opType = "Paint";
      }),
      /dcgan.onnx.*a generator that runs/,
    ],
  ])("%s is told by its file", async (_, brought, message) => {
    const error = await openGenerator(brought, backend).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(GeneratorError);
    expect((error as Error).message).toMatch(message);
  });

  it.each([
    ["", /g.json: expected JSON/],
    ["[]", /g.json: expected a manifest of a generator/],
    ['{ "latent": 0, "output": "tanh", "resolution": [3, 8, 8] }', /field latent/],
    ['{ "latent": 4, "output": "tahn", "resolution": [3, 8, 8] }', /field output/],
    ['{ "latent": 4, "output": "tanh", "resolution": [3, 8] }', /field resolution/],
    ['{ "latent": 4, "output": "tanh", "resolution": [3, 8, 8], "priro": 1 }', /priro/],
    [
      '{ "latent": 4, "output": { "mean": [0], "deviation": [1] }, "resolution": [3, 8, 8] }',
      /3 numbers in output.mean, one per channel/,
    ],
    [
      '{ "latent": 4, "output": "tanh", "resolution": [3, 8, 8], "prior": { "kind": "uniform", "low": 1, "high": 0 } }',
      /low below high/,
    ],
  ])("a manifest %j is told by field", (text, message) => {
    expect(() => readManifest(text, "g.json")).toThrow(GeneratorError);
    expect(() => readManifest(text, "g.json")).toThrow(message);
  });
});

it("latents are drawn from the manifest's prior", () => {
  const draw = (prior: Prior) => sampleLatents({ latent: 4, prior }, 2000, createRandom(1));
  const [uniform, truncated] = [
    draw({ kind: "uniform", low: -2, high: 1 }),
    draw({ kind: "truncated-normal", bound: 0.5 }),
  ];
  expect(Math.min(...uniform)).toBeGreaterThanOrEqual(-2);
  expect(Math.max(...uniform)).toBeLessThanOrEqual(1);
  expect(uniform.reduce((sum, value) => sum + value, 0) / uniform.length).toBeCloseTo(-0.5, 1);
  expect(Math.max(...truncated.map(Math.abs))).toBeLessThanOrEqual(0.5);
});
