// The exported nets of fixtures/onnx-models.py with their weights filled in again, and the channels-last net, which is written here.
import { readFileSync } from "node:fs";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "../src/engine/onnx/onnx_pb.js";
import { type Shape, sizeOf } from "../src/math/tensor.js";
import { draw, load, type Stored } from "./engine-fixture.js";
import { floats, integers, onnxFile } from "./onnx-file.js";

interface Sampled {
  readonly stride: number;
  readonly sample: Stored;
  readonly largest: number;
}

type Rule = readonly [seed: number, centre: number, width: number];

export interface ExportCase {
  readonly name: string;
  readonly file: string;
  readonly inputShape: readonly [number, number, number];
  readonly batch: number;
  readonly mode: "eval" | "train";
  readonly seed: number;
  readonly labels: readonly number[];
  readonly logits: Stored;
  readonly loss: number;
  readonly image: Sampled;
  /** By PyTorch's names. */
  readonly gradients: Readonly<Record<string, Sampled>>;
  readonly rules: Readonly<Record<string, Rule>>;
}

const folder = new URL("./fixtures/", import.meta.url);
const script = "onnx-models";

export const exportCases = (
  JSON.parse(readFileSync(new URL(`${script}.json`, folder), "utf8"), (_, value: unknown) =>
    value !== null && typeof value === "object" && Object.hasOwn(value, "at") ? { ...value, script } : value,
  ) as { models: readonly ExportCase[] }
).models;

/** Numbers by the rule of the script, `centre` ± `width`. */
function drawn([seed, centre, width]: Rule, size: number): Float32Array {
  const values = Float32Array.from(draw(seed, size, width));
  if (centre !== 0) for (let i = 0; i < size; i++) values[i]! += centre;
  return values;
}

/** Bytes of the exported file, with weights. */
export function exportedFile(name: string): Uint8Array {
  const model = fromBinary(ModelProtoSchema, readFileSync(new URL(`${script}/${name}.onnx`, folder)));
  for (const tensor of model.graph?.initializer ?? []) {
    const rule = /^draw (\S+) (\S+) (\S+)$/.exec(tensor.docString)?.slice(1).map(Number);
    if (!rule) continue;
    const { buffer } = drawn(rule as unknown as Rule, sizeOf(tensor.dims.map(Number)));
    tensor.rawData = new Uint8Array(buffer);
  }
  return toBinary(ModelProtoSchema, model);
}

/** What PyTorch has at the sampled positions. */
export const reference = ({ sample }: Sampled): Float64Array => load(sample);

/**
 * The net `ChannelsLast` of the script as TensorFlow's exporter would write it: an input [N, H, W, C] that a Transpose turns, SAME padding, the
 * last kernel stored by input, and a softmax at the end. Opset 22: normalisation by groups with scales per channel, Gelu, axes as inputs.
 */
export function channelsLastFile({ rules, inputShape: [channels, height, width] }: ExportCase): Uint8Array {
  const tensor = (name: string, from: string, shape: Shape) => floats(name, shape, drawn(rules[from]!, sizeOf(shape)));
  const dense = drawn(rules["dense.weight"]!, 4 * 8);
  const byInput = Float32Array.from(dense, (_, i) => dense[(i % 4) * 8 + Math.floor(i / 4)]!);
  return onnxFile({
    opset: 22,
    producer: "tf2onnx",
    inputs: { image: ["N", height, width, channels] },
    outputs: ["probabilities"],
    initialisers: [
      tensor("model/conv1/kernel:0", "conv1.weight", [8, 3, 3, 3]),
      tensor("model/conv1/bias:0", "conv1.bias", [8]),
      tensor("model/conv2/kernel:0", "conv2.weight", [8, 8, 4, 4]),
      tensor("model/conv2/bias:0", "conv2.bias", [8]),
      tensor("model/norm/gamma:0", "norm.weight", [8]),
      tensor("model/norm/beta:0", "norm.bias", [8]),
      floats("model/dense/kernel:0", [8, 4], byInput),
      tensor("model/dense/bias:0", "dense.bias", [4]),
      integers("spatial", [2, 3]),
    ],
    nodes: [
      ["Transpose", ["image"], ["x"], { perm: [0, 3, 1, 2] }],
      [
        "Conv",
        ["x", "model/conv1/kernel:0", "model/conv1/bias:0"],
        ["c1"],
        { strides: [2, 2], kernel_shape: [3, 3], auto_pad: "SAME_UPPER" },
      ],
      ["Relu", ["c1"], ["r1"]],
      ["Conv", ["r1", "model/conv2/kernel:0", "model/conv2/bias:0"], ["c2"], { auto_pad: "SAME_UPPER" }],
      ["GroupNormalization", ["c2", "model/norm/gamma:0", "model/norm/beta:0"], ["n2"], { num_groups: 4 }],
      ["Gelu", ["n2"], ["g2"]],
      ["ReduceMean", ["g2", "spatial"], ["features"], { keepdims: 0 }],
      ["MatMul", ["features", "model/dense/kernel:0"], ["m"]],
      ["Add", ["m", "model/dense/bias:0"], ["logits"]],
      ["Softmax", ["logits"], ["probabilities"]],
    ],
  });
}

/** The script's names of the channels-last net's parameters, by those of the file. */
export const channelsLastNames: Readonly<Record<string, string>> = {
  "model/conv1/kernel:0": "conv1.weight",
  "model/conv1/bias:0": "conv1.bias",
  "model/conv2/kernel:0": "conv2.weight",
  "model/conv2/bias:0": "conv2.bias",
  "model/norm/gamma:0": "norm.weight",
  "model/norm/beta:0": "norm.bias",
  "model/dense/kernel:0": "dense.weight",
  "model/dense/bias:0": "dense.bias",
};
