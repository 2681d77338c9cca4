// What is made of the forms that exporters give a model: names, layouts, batch sizes, endings; and models in parts.
import { describe, expect, it } from "vitest";
import { draw, relativeError, tolerance } from "../../test/engine-fixture.js";
import { type FileSpec, floats, integers, type NodeSpec, onnxFile } from "../../test/onnx-file.js";
import { channelsLastFile, exportCases, exportedFile } from "../../test/onnx-models.js";
import { nodeCpu } from "../engine/backends/node-cpu.js";
import { compile, createGraph, type Node, reshape, slice } from "../engine/index.js";
import { OnnxImportError } from "../engine/onnx/import.js";
import { TensorProto_DataType as DataType } from "../engine/onnx/onnx_pb.js";
import { type FloatArray, type Shape, sizeOf } from "../math/tensor.js";
import { type Model, parameterValues, type Weights } from "./define.js";
import { readOnnxModel } from "./imported.js";
import { oneHot, traceLoss } from "./loss.js";
import { traceLossInParts } from "./loss-in-parts.js";

const backend = nodeCpu({ threads: 1 });
const drawn = (name: string, shape: Shape, seed = 1) => floats(name, shape, draw(seed, sizeOf(shape)));

/** A convolution and a linear layer over images 3×4×4, with what lies between, before and after given. */
function net(changes: Partial<FileSpec> & { before?: NodeSpec[]; middle?: NodeSpec[]; after?: NodeSpec[] }): FileSpec {
  const { before = [], middle = [], after = [], initialisers = [], ...rest } = changes;
  return {
    inputs: { x: ["N", 3, 4, 4] },
    outputs: [after.at(-1)?.[2][0] ?? "logits"],
    producer: "pytorch",
    ...rest,
    initialisers: [
      drawn("conv.weight", [2, 3, 3, 3], 2),
      drawn("conv.bias", [2], 3),
      drawn("fc.weight", [5, 8], 4),
      drawn("fc.bias", [5], 5),
      ...initialisers,
    ],
    nodes: [
      ...before,
      ["Conv", [before.at(-1)?.[2][0] ?? "x", "conv.weight", "conv.bias"], ["c"]],
      ...middle,
      ["Flatten", [middle.at(-1)?.[2][0] ?? "c"], ["flat"]],
      ["Gemm", ["flat", "fc.weight", "fc.bias"], ["logits"], { transB: 1 }],
      ...after,
    ],
  };
}

const read = (spec: FileSpec, options?: Parameters<typeof readOnnxModel>[2]) =>
  readOnnxModel(onnxFile(spec), "net.onnx", options);

async function logitsOf(model: Model, weights: Weights, x: FloatArray, batch: number): Promise<FloatArray> {
  const graph = createGraph();
  const traced = model.forward(graph.input("x", [batch, ...model.inputShape]), (name) =>
    graph.constant(weights.get(name)!),
  );
  const program = await compile({ logits: traced.logits }, { backend, dtype: "float64" });
  const { logits } = await program.run({ x });
  await program.dispose();
  return logits;
}

describe("an imported model", () => {
  it("has the file's names, shapes, classes and head", () => {
    const { model, weights, warnings, transposed } = read(net({}));
    expect(model.id).toBe("onnx:net.onnx");
    expect(model.inputShape).toEqual([3, 4, 4]);
    expect(model.classes).toBe(5);
    expect(model.parameters.map(({ name, shape }) => [name, [...shape]])).toEqual([
      ["conv.weight", [2, 3, 3, 3]],
      ["conv.bias", [2]],
      ["fc.weight", [5, 8]],
      ["fc.bias", [5]],
    ]);
    expect(model.buffers).toEqual([]);
    expect(model.head).toEqual({ weight: "fc.weight", bias: "fc.bias" });
    expect(Array.from(weights.get("fc.bias")!.data)).toEqual(Array.from(draw(5, 5)));
    expect(warnings).toEqual([]);
    expect(transposed.size).toBe(0);
  });

  it("keeps running statistics as buffers", () => {
    const { model } = readOnnxModel(exportedFile("cnn-bn"), "cnn-bn.onnx");
    expect(model.buffers.map(({ name }) => name)).toEqual([
      "1.running_mean",
      "1.running_var",
      "4.running_mean",
      "4.running_var",
    ]);
    expect(model.parameters.some(({ name }) => name.includes("running"))).toBe(false);
    const graph = createGraph();
    const traced = model.forward(
      graph.input("x", [2, ...model.inputShape]),
      (name) => graph.input(name, [...model.parameters, ...model.buffers].find((each) => each.name === name)!.shape),
      "train",
    );
    expect([...traced.batchStatistics.keys()]).toEqual(["1", "4"]);
  });

  it("takes tensors that the exporter merged as equal for tensors of their own, and tied ones for one", () => {
    const middle: NodeSpec[] = [
      ["Identity", ["one"], ["bn2.weight"]],
      ["Identity", ["conv.bias"], ["tied.bias"]],
      ["BatchNormalization", ["c", "one", "conv.bias", "zero", "one"], ["b1"]],
      ["BatchNormalization", ["b1", "bn2.weight", "tied.bias", "zero", "one"], ["b2"]],
    ];
    const same = [floats("one", [2], Float32Array.of(1, 1)), floats("zero", [2], Float32Array.of(0, 0))];
    const { model, weights, warnings } = read(net({ middle, initialisers: same }));
    const names = model.parameters.map(({ name }) => name);
    expect(names).toContain("bn2.weight");
    expect(names).not.toContain("tied.bias");
    expect(Array.from(weights.get("bn2.weight")!.data)).toEqual([1, 1]);
    expect(warnings.join()).toContain("1 tensors of equal numbers");
  });

  it("takes what normalises the input for constants of the architecture", () => {
    const before: NodeSpec[] = [
      ["Sub", ["x", "mean"], ["s"]],
      ["Div", ["s", "deviation"], ["n"]],
    ];
    const extra = [drawn("mean", [1, 3, 1, 1], 8), drawn("deviation", [1, 3, 1, 1], 9)];
    const { model, warnings } = read(net({ before, initialisers: extra }));
    expect(model.parameters).toHaveLength(4);
    expect(warnings).toEqual([
      "mean normalises the input and is taken as a constant",
      "deviation normalises the input and is taken as a constant",
    ]);
  });

  it("learns a scale that PyTorch named, and no number that the exporter made up", () => {
    const middle: NodeSpec[] = [
      ["Mul", ["c", "scale"], ["m"]],
      ["Mul", ["m", "onnx::Mul_7"], ["m2"]],
    ];
    const extra = [drawn("scale", [1], 8), drawn("onnx::Mul_7", [], 9)];
    const { model } = read(net({ middle, initialisers: extra }));
    expect(model.parameters.map(({ name }) => name)).toEqual([
      "conv.weight",
      "conv.bias",
      "fc.weight",
      "fc.bias",
      "scale",
    ]);
  });

  it("names BatchNorm folded into convolutions, and the remedy", () => {
    const { warnings } = readOnnxModel(exportedFile("cnn-bn-folded"), "folded.onnx");
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("BatchNorm is folded into the convolutions (onnx::Conv_");
    expect(warnings[0]).toContain("training=TrainingMode.PRESERVE, do_constant_folding=False");
    expect(readOnnxModel(exportedFile("cnn-bn"), "kept.onnx").warnings).toEqual([]);
  });

  it("keeps the exporter's names of weights that it transposed, says so, and holds the last by class", () => {
    const spec = net({ initialisers: [drawn("onnx::MatMul_9", [8, 6], 7)] });
    const nodes = spec.nodes.map(
      (node): NodeSpec => (node[0] === "Gemm" ? ["MatMul", ["flat", "onnx::MatMul_9"], ["logits"]] : node),
    );
    const { model, weights, warnings, transposed } = read({ ...spec, nodes });
    expect(model.head).toEqual({ weight: "onnx::MatMul_9" });
    expect(model.parameters.at(-1)!.shape).toEqual([6, 8]);
    const stored = draw(7, 48);
    expect(weights.get("onnx::MatMul_9")!.data[1 * 8 + 3]).toBe(stored[3 * 6 + 1]);
    expect([...transposed]).toEqual(["onnx::MatMul_9"]);
    expect(warnings.join()).toContain("renamed or transposed 1 weights (onnx::MatMul_9");
  });

  it("is traced at any batch size where the file fixes one without need", async () => {
    const { model, weights, warnings } = read(net({ inputs: { x: [1, 3, 4, 4] } }));
    expect(warnings).toEqual([]);
    const x = draw(6, 3 * 48);
    const together = await logitsOf(model, weights, x, 3);
    const alone = await logitsOf(model, weights, x.slice(48, 96), 1);
    expect(relativeError(together.slice(5, 10), alone)).toBeLessThan(tolerance.float64);
  });

  it.each<[string, NodeSpec[], number[]]>([
    ["a Reshape counts samples", [], [1, 8]],
    ["a Reshape takes samples for features", [], [1, -1]],
    ["samples would be mixed, though all sizes fit", [["Transpose", ["c"], ["t"], { perm: [1, 0, 2, 3] }]], [-1, 8]],
  ])("is traced at the file's batch size only where %s", (_, middle, shape) => {
    const spec = net({ inputs: { x: [1, 3, 4, 4] }, middle, initialisers: [integers("shape", shape)] });
    const nodes = spec.nodes.map(
      (node): NodeSpec => (node[0] === "Flatten" ? ["Reshape", [node[1][0]!, "shape"], ["flat"]] : node),
    );
    const { model, warnings } = read({ ...spec, nodes });
    expect(warnings.join()).toContain("only batches of 1 can be traced; export with dynamic_axes");
    const graph = createGraph();
    const parameter = (name: string) => graph.input(name, model.parameters.find((each) => each.name === name)!.shape);
    expect(model.forward(graph.input("x", [1, 3, 4, 4]), parameter).logits.shape).toEqual([1, 5]);
    const two = graph.input("two", [2, 3, 4, 4]);
    expect(() => model.forward(two, parameter)).toThrow("a batch of 1, which the file fixes, found 2");
  });

  it("takes images of a size that the file leaves open, where it is told", () => {
    const open = net({ inputs: { x: ["N", 3, "height", "width"] } });
    expect(() => read(open)).toThrow(
      'net.onnx, input "x": expected a fixed image size, found [N,3,height,width]; give',
    );
    expect(read(open, { inputShape: [3, 4, 4] }).model.inputShape).toEqual([3, 4, 4]);
    expect(() => read(net({}), { inputShape: [1, 4, 4] })).toThrow("images of 1x4x4, as asked for");
  });

  it.each([
    ["rows of features", ["N", 48], [1, 1, 48]],
    ["maps without channels", ["N", 6, 8], [1, 6, 8]],
  ] as const)("takes %s as images", (_, shape, inputShape) => {
    const { model } = read({
      inputs: { x: shape },
      outputs: ["y"],
      initialisers: [drawn("fc.weight", [5, 48])],
      nodes: [
        ["Flatten", ["x"], ["f"]],
        ["Gemm", ["f", "fc.weight"], ["y"], { transB: 1 }],
      ],
    });
    expect(model.inputShape).toEqual(inputShape);
  });

  it("says that only the first output is used", () => {
    const { warnings } = read(net({ outputs: ["logits", "c"] }));
    expect(warnings).toEqual(["only the output logits is used, not c"]);
  });

  it.each<[string, FileSpec, string]>([
    ["token ids", net({ inputType: DataType.INT64 }), 'input "x": expected an image of floats, found ints'],
    ["volumes", net({ inputs: { x: ["N", 3, 4, 4, 4] } }), "[N, C, H, W], [N, H, W, C]"],
    ["a net that ends in a map", net({ outputs: ["c"] }), "class scores [N, classes]"],
    ["a net that ends in ReLU", net({ after: [["Relu", ["logits"], ["y"]]] }), "found [2,5] of other ops"],
  ])("is refused for %s", (_, spec, message) => {
    expect(() => read(spec)).toThrow(OnnxImportError);
    expect(() => read(spec)).toThrow(message);
  });
});

/** Loss gradients of every sample: in one graph by parts, and of each sample on its own. */
async function bothWays(model: Model, weights: Weights, batch: number) {
  const graph = createGraph();
  const size = sizeOf(model.inputShape);
  const x = graph.input("x", [batch, ...model.inputShape]);
  const targets = graph.input("targets", [batch, model.classes]);
  const parts = traceLossInParts(model, x, targets, batch);
  const named = (nodes: readonly Node[], prefix: string) => nodes.map((node, i) => [`${prefix}${i}`, node] as const);
  const alone = Array.from({ length: batch }, (_, sample) => {
    const own = (whole: Node) =>
      slice(
        whole,
        whole.shape.map((__, i) => (i === 0 ? sample : 0)),
        [1, ...whole.shape.slice(1)],
      );
    return traceLoss(model, reshape(own(x), [1, ...model.inputShape]), own(targets)).gradients;
  });
  const outputs = [...named(parts.gradients, "part"), ...alone.flatMap((list, i) => named(list, `alone${i}:`))];
  const program = await compile(Object.fromEntries(outputs), {
    backend,
    dtype: "float64",
    bind: parameterValues(weights),
  });
  const results: Record<string, FloatArray> = await program.run({
    x: draw(31, batch * size),
    targets: oneHot(
      Array.from({ length: batch }, (_, i) => i % model.classes),
      model.classes,
    ),
  });
  await program.dispose();
  return model.parameters.map(({ name }, i) => ({
    name,
    parts: results[`part${i}`]!,
    alone: Array.from({ length: batch }, (_, sample) => Array.from(results[`alone${sample}:${i}`]!)).flat(),
  }));
}

describe("an imported model in parts has the gradients of every part on its own", () => {
  const channelsLast = exportCases.find(({ name }) => name === "channels-last")!;
  it.each<[string, () => Uint8Array]>([
    ["vit_b_16", () => exportedFile("vit_b_16")],
    ["cnn-bn", () => exportedFile("cnn-bn")],
    ["channels-last", () => channelsLastFile(channelsLast)],
  ])("%s", async (name, file) => {
    const { model, weights } = readOnnxModel(file(), `${name}.onnx`);
    for (const gradient of await bothWays(model, weights, 3)) {
      expect(relativeError(gradient.parts, gradient.alone), gradient.name).toBeLessThan(1e-8);
    }
  });
});
