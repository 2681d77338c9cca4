// ONNX files that are wrong, each with parts of what the error must say. A row is a function, since some files are large.
import { create, toBinary } from "@bufbuild/protobuf";
import {
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from "../../src/engine/onnx/onnx_pb.js";
import { type FileSpec, floats, integers, type NodeSpec, onnxFile } from "../onnx-file.js";

const ones = (count: number) => new Float32Array(count).fill(1);
const weight = floats("w", [4, 3], ones(12));
export const good: FileSpec = {
  inputs: { x: ["N", 4] },
  outputs: ["y"],
  initialisers: [weight],
  nodes: [["MatMul", ["x", "w"], ["y"]]],
};
const withNodes = (...nodes: NodeSpec[]): Uint8Array => onnxFile({ ...good, nodes });
export const withWeight = (changes: Partial<TensorProto>): Uint8Array =>
  onnxFile({ ...good, initialisers: [create(TensorProtoSchema, { ...weight, $unknown: [], ...changes } as never)] });
export const whole = onnxFile(good);
const relu: NodeSpec = ["Relu", ["x"], ["r"]];

/** A field of the given number and length-delimited type whose body is `body`. */
const field = (number: number, body: Uint8Array): Uint8Array => {
  const size: number[] = [];
  for (let rest = body.length; ; rest = Math.floor(rest / 128)) {
    size.push(rest > 127 ? (rest % 128) + 128 : rest);
    if (rest <= 127) break;
  }
  return Uint8Array.from([(number << 3) | 2, ...size, ...body]);
};

/** Graphs inside attributes of nodes inside graphs. */
function nested(depth: number): Uint8Array {
  let graph: Uint8Array = new Uint8Array();
  for (let level = 0; level < depth; level++) graph = field(1, field(5, field(6, graph)));
  return field(7, graph);
}

export const hostileOnnx: Readonly<Record<string, readonly [file: () => Uint8Array, ...parts: string[]]>> = {
  "an empty file": [() => new Uint8Array(), "an ONNX model, found an empty file"],
  "a text": [() => new TextEncoder().encode("not a model at all"), "byte 0"],
  "a picture": [() => Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13), "byte"],
  "a truncated file": [() => whole.subarray(0, whole.length - 9), "truncated or damaged"],
  "a length beyond the file": [() => Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0x7f), "byte 6"],
  "an endless number": [() => new Uint8Array(12).fill(0xff), "more than 10"],
  "graphs inside graphs": [() => nested(200), "at most 40 messages"],
  "a flood of empty nodes": [
    () =>
      field(
        7,
        new Uint8Array(4e6).map((_, i) => (i % 2 === 0 ? 0x0a : 0)),
      ),
    "600 MB",
  ],
  "no graph": [() => toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 8n })), "a graph, found none"],
  "an old opset": [
    () => onnxFile({ ...good, opset: 11 }),
    "one ONNX opset from 13 to 24, found 11",
    "opset_version=17",
  ],
  "an opset of the future": [() => onnxFile({ ...good, opset: 99 }), "found 99"],
  "an op of another domain": [
    () => withNodes(["com.example.Magic", ["x", "w"], ["y"]]),
    'node "Magic_0" (com.example.Magic)',
    "supported are Abs, Add",
  ],
  "an op without a rule": [() => withNodes(["NonZero", ["x"], ["y"]]), 'node "NonZero_0" (NonZero)', "Conv,"],
  "an op named like a method": [() => withNodes(["constructor", ["x"], ["y"]]), "ops that can be imported"],
  "a cycle": [
    () => withNodes(["Add", ["x", "b"], ["a"]], ["Relu", ["a"], ["b"]], ["MatMul", ["b", "w"], ["y"]]),
    'a graph without cycles, found "b"',
  ],
  "a node that reads itself": [() => withNodes(["Add", ["x", "y"], ["y"]]), "a graph without cycles"],
  "a missing input": [() => withNodes(["MatMul", ["x", "weights"], ["y"]]), '"weights", which nothing gives'],
  "a missing output": [() => onnxFile({ ...good, outputs: ["z"] }), 'output "z"', "a name that nothing makes"],
  "an input as output": [() => onnxFile({ ...good, outputs: ["x"] }), "one of its inputs"],
  "no output": [() => onnxFile({ ...good, outputs: [] }), "an output, found none"],
  "a constant as output": [
    () => withNodes(relu, ["Add", ["w", "w"], ["y"]]),
    "a value that depends on the input, found a constant",
  ],
  "a name made twice": [() => withNodes(relu, ["MatMul", ["x", "w"], ["r"]]), '"r", also of node "Relu_0"'],
  "a name that a weight has": [() => withNodes(["Relu", ["x"], ["w"]]), '"w", also of the model\'s inputs'],
  "an initialiser twice": [() => onnxFile({ ...good, initialisers: [weight, weight] }), 'initialiser "w"', "it twice"],
  "two inputs": [() => onnxFile({ ...good, inputs: { x: ["N", 4], mask: ["N", 1] } }), 'found 2: "x", "mask"'],
  "no input": [() => onnxFile({ ...good, inputs: {} }), "one input beside the weights, found none"],
  "weights elsewhere": [
    () =>
      withWeight({
        dataLocation: DataLocation.EXTERNAL,
        externalData: [create(StringStringEntryProtoSchema, { key: "location", value: "../../etc/passwd" })],
      }),
    'in another file ("../../etc/passwd")',
    "external_data=False",
  ],
  "too few numbers": [() => withWeight({ rawData: new Uint8Array(8) }), "12 numbers of 4 bytes", "8 bytes"],
  "half a number": [() => withWeight({ rawData: new Uint8Array(47) }), "47 bytes"],
  "overflowing extents": [
    () => withWeight({ dims: [2n ** 31n - 1n, 2n ** 31n - 1n, 2n ** 31n - 1n] }),
    "found 48 bytes",
  ],
  "a negative extent": [() => withWeight({ dims: [-4n, -3n] }), "extents from 0 to 2^31 - 1, found [-4,-3]"],
  "a huge extent": [() => withWeight({ dims: [2n ** 62n] }), "extents from 0"],
  "texts as weights": [() => withWeight({ dataType: DataType.STRING }), "found type STRING"],
  "an unknown type": [() => withWeight({ dataType: 77 }), "found type number 77"],
  "typed numbers of another count": [
    () => withWeight({ rawData: new Uint8Array(), floatData: [1, 2, 3] }),
    "found 3 numbers",
  ],
  "a wrong rank": [() => withNodes(["Conv", ["x", "w"], ["y"]]), 'node "Conv_0" (Conv)', "3 or 4 axes, found [2,4]"],
  "factors that do not fit": [() => withNodes(["Transpose", ["w"], ["t"]], ["MatMul", ["x", "t"], ["y"]]), "4 rows"],
  "shapes that do not broadcast": [() => withNodes(["Add", ["x", "w"], ["y"]]), "do not broadcast"],
  "an axis beyond the rank": [() => withNodes(["Softmax", ["x"], ["y"], { axis: 5 }]), "an axis of 2, found 5"],
  "a left-out operand": [() => withNodes(["MatMul", ["x"], ["y"]]), "input 1 of MatMul, found none"],
  "an attribute of another type": [
    () => withNodes(["Softmax", ["x"], ["y"], { axis: "last" }]),
    "an attribute axis of type INT, found STRING",
  ],
  "an optional output that is read": [
    () => withNodes(["Dropout", ["x"], ["d", "mask"]], ["Add", ["d", "mask"], ["y"]]),
    '"mask", an output that is not',
  ],
  "a shape that depends on pixels": [() => withNodes(["Reshape", ["x", "x"], ["y"]]), "known before the model runs"],
  "a fixed batch": [
    () =>
      onnxFile({
        ...good,
        initialisers: [weight, integers("s", [1, 4])],
        nodes: [
          ["Reshape", ["x", "s"], ["r"]],
          ["MatMul", ["r", "w"], ["y"]],
        ],
      }),
    "[2,4] with a batch of 2",
    "dynamic_axes",
  ],
  "an endless constant": [
    () =>
      onnxFile({
        ...good,
        initialisers: [integers("s", [2 ** 40, 2 ** 40])],
        nodes: [
          ["ConstantOfShape", ["s"], ["c"]],
          ["Add", ["x", "c"], ["y"]],
        ],
      }),
    "a result of at most",
  ],
  "an endless range": [
    () =>
      onnxFile({
        ...good,
        initialisers: [integers("a", [0], []), integers("b", [2 ** 50], []), integers("c", [1], [])],
        nodes: [
          ["Range", ["a", "b", "c"], ["r"]],
          ["Reshape", ["x", "r"], ["y"]],
        ],
      }),
    "computed ahead",
  ],
  "a result beyond all memory": [
    () =>
      onnxFile({
        ...good,
        initialisers: [integers("s", [2 ** 30, 2, 4])],
        nodes: [["Expand", ["x", "s"], ["y"]]],
      }),
    "a result of at most",
  ],
  "constants without end": [
    () => {
      const doubled = Array.from(
        { length: 40 },
        (_, i): NodeSpec => ["Concat", [`k${i}`, `k${i}`], [`k${i + 1}`], { axis: 0 }],
      );
      return onnxFile({
        ...good,
        initialisers: [integers("k0", [1, 2])],
        nodes: [...doubled, ["Reshape", ["x", "k40"], ["y"]]],
      });
    },
    "numbers that are computed ahead",
  ],
  "padding without end": [
    () =>
      onnxFile({
        ...good,
        initialisers: [integers("p", [0, 0, 0, 2 ** 30])],
        nodes: [["Pad", ["x", "p"], ["y"], { mode: "edge" }]],
      }),
    "a result of at most",
  ],
  "a window larger than any image": [
    () =>
      onnxFile({
        ...good,
        initialisers: [integers("s", [2, 1, 2, 2])],
        nodes: [
          ["Reshape", ["x", "s"], ["i"]],
          ["AveragePool", ["i"], ["y"], { kernel_shape: [2 ** 20, 1], pads: [2 ** 20, 0, 2 ** 20, 0] }],
        ],
      }),
    "kernel_shape from 1 to 1024",
  ],
  "parts without end": [
    () => withNodes(["Split", ["x"], ["y"], { num_outputs: 2 ** 40, axis: 1 }]),
    "num_outputs of 1",
  ],
  "a hundred thousand axes": [
    () =>
      onnxFile({
        ...good,
        initialisers: [
          integers(
            "a",
            Array.from({ length: 1e5 }, (_, i) => i),
          ),
        ],
        nodes: [["Unsqueeze", ["x", "a"], ["y"]]],
      }),
    "at most 16 axes",
  ],
  "more nodes than any net": [
    () => {
      const steps = Array.from(
        { length: 100_001 },
        (_, i): NodeSpec => ["Relu", [i === 0 ? "x" : `v${i}`], [`v${i + 1}`]],
      );
      return onnxFile({ ...good, nodes: steps, outputs: ["v100001"] });
    },
    "at most 100000 nodes",
  ],
  "a division by nothing": [
    () =>
      onnxFile({
        ...good,
        initialisers: [integers("a", [4]), integers("b", [0])],
        nodes: [
          ["Div", ["a", "b"], ["s"]],
          ["Reshape", ["x", "s"], ["y"]],
        ],
      }),
    "a divisor other than 0",
  ],
};
