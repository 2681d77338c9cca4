// What the importer's ops are tested on: every op type with the attributes and operands that change what it does.
import type { Shape } from "../src/math/tensor.js";
import { type AttributeValue, booleans, floats, integers } from "./onnx-file.js";

/** A parameter with drawn numbers: `positive` ones lie from 0.5 to 1.5. */
interface Weight {
  readonly shape: Shape;
  readonly positive?: boolean;
}

/** Operands behind x: weights, lists of whole numbers, and undefined where one is left out. */
type Operand = Weight | readonly number[] | undefined;

export interface OnnxCase {
  readonly type: string;
  readonly shape: Shape;
  readonly operands?: readonly Operand[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly opset?: number;
  readonly outputs?: number;
  readonly positive?: boolean;
}

const op = (
  type: string,
  shape: Shape,
  operands: readonly Operand[] = [],
  attributes: OnnxCase["attributes"] = {},
  more: Partial<OnnxCase> = {},
): OnnxCase => ({
  type,
  shape,
  operands,
  attributes,
  ...more,
});
const w = (...shape: number[]): Weight => ({ shape });
const positive = (...shape: number[]): Weight => ({ shape, positive: true });
const f = (float: number) => ({ float });
const image = [2, 4, 7, 6];

export const cases: readonly OnnxCase[] = [
  ...["Abs", "Neg", "Exp", "Tanh", "Sigmoid", "Relu", "Erf", "Softplus", "Softsign", "Mish", "Sign", "HardSwish"].map(
    (type) => op(type, [2, 5], [], {}, { opset: 18 }),
  ),
  ...["Log", "Sqrt", "Reciprocal"].map((type) => op(type, [2, 5], [], {}, { positive: true })),
  op("LeakyRelu", [2, 5], [], { alpha: f(0.2) }),
  op("Elu", [2, 5], [], { alpha: f(0.7) }),
  op("Celu", [2, 5], [], { alpha: f(0.7) }),
  op("Selu", [2, 5]),
  op("Gelu", [2, 5], [], {}, { opset: 20 }),
  op("Gelu", [2, 5], [], { approximate: "tanh" }, { opset: 20 }),
  op("Swish", [2, 5], [], { alpha: f(1.5) }, { opset: 24 }),
  op("PRelu", [2, 4, 3, 3], [w(4, 1, 1)]),
  op("HardSigmoid", [2, 5]),
  op("HardSigmoid", [2, 5], [], { alpha: f(1 / 6) }),
  op("Clip", [2, 5], [w(), positive()]),
  ...["Add", "Sub", "Mul", "Max", "Min", "Sum", "Mean"].map((type) => op(type, [2, 4, 3], [w(4, 1)])),
  op("Div", [2, 4, 3], [positive(3)]),
  op("Pow", [2, 4, 3], [positive(3)], {}, { positive: true }),
  op("MatMul", [2, 3, 4], [w(4, 5)]),
  op("MatMul", [2, 3, 4], [w(2, 4, 5)]),
  op("MatMul", [2, 4], [w(4)]),
  op("MatMul", [2, 6, 3, 4], [w(4, 5)]),
  op("Gemm", [3, 4], [w(4, 5), w(5)]),
  op("Gemm", [3, 4], [w(5, 4), w(3, 1)], { transB: 1, alpha: f(0.5), beta: f(2) }),
  op("Gemm", [3, 4], [w(3, 5)], { transA: 1 }),
  op("Conv", image, [w(6, 4, 3, 3), w(6)], { pads: [1, 0, 2, 1], strides: [2, 1] }),
  op("Conv", image, [w(8, 2, 3, 2)], { group: 2, dilations: [2, 1] }),
  op("Conv", image, [w(5, 4, 4, 3)], { auto_pad: "SAME_UPPER", strides: [2, 2] }),
  op("Conv", image, [w(5, 4, 4, 3)], { auto_pad: "SAME_LOWER", strides: [2, 2] }),
  op("Conv", image, [w(5, 4, 4, 3)], { auto_pad: "VALID" }),
  op("Conv", [2, 4, 9], [w(6, 4, 3), w(6)], { pads: [1, 2], strides: [2], dilations: [2] }),
  op("ConvTranspose", image, [w(4, 3, 3, 3), w(3)], { pads: [1, 0, 1, 1], strides: [2, 3], output_padding: [1, 0] }),
  op("ConvTranspose", image, [w(4, 3, 3, 3)], { group: 2, dilations: [1, 2] }),
  op("ConvTranspose", [2, 4, 5], [w(4, 3, 3)], { strides: [2], output_padding: [1] }),
  op("BatchNormalization", [3, 4, 5, 5], [w(4), w(4), w(4), positive(4)], { epsilon: f(1e-3) }),
  op("LayerNormalization", [2, 5, 6], [w(6), w(6)], { epsilon: f(1e-3) }),
  op("LayerNormalization", [2, 5, 6], [w(5, 6)], { axis: 1 }),
  op("InstanceNormalization", image, [w(4), w(4)]),
  op("GroupNormalization", image, [w(2), w(2)], { num_groups: 2 }, { opset: 18 }),
  op("GroupNormalization", image, [w(4), w(4)], { num_groups: 2 }, { opset: 21 }),
  op("MaxPool", image, [], { kernel_shape: [3, 2], pads: [1, 0, 1, 1], strides: [2, 2] }),
  op("MaxPool", image, [], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1, dilations: [1, 2] }),
  op("MaxPool", [2, 4, 9], [], { kernel_shape: [3], auto_pad: "SAME_UPPER" }),
  op("AveragePool", image, [], { kernel_shape: [3, 2], pads: [1, 0, 1, 1], strides: [2, 2] }),
  op("AveragePool", image, [], { kernel_shape: [3, 2], pads: [1, 0, 1, 1], count_include_pad: 1 }),
  op("AveragePool", image, [], { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }),
  op("AveragePool", [2, 4, 9], [], { kernel_shape: [3] }),
  op("GlobalAveragePool", image),
  op("GlobalAveragePool", [2, 3, 5]),
  op("GlobalMaxPool", image),
  ...[
    "ReduceSum",
    "ReduceMean",
    "ReduceMax",
    "ReduceMin",
    "ReduceL1",
    "ReduceL2",
    "ReduceSumSquare",
    "ReduceLogSumExp",
  ].flatMap((type) => [
    op(type, [2, 3, 4], [[1, -1]], {}, { opset: 18 }),
    op(type, [2, 3, 4], [[0]], { keepdims: 0 }, { opset: 18 }),
    ...(type === "ReduceSum" ? [] : [op(type, [2, 3, 4], [], { axes: [-2], keepdims: 0 })]),
  ]),
  op("ReduceLogSum", [2, 3], [[1]], {}, { opset: 18, positive: true }),
  op("ReduceSum", [2, 3, 4], [[]], { noop_with_empty_axes: 1 }),
  op("ReduceMean", [2, 3, 4]),
  op("Softmax", [2, 5]),
  op("Softmax", [2, 3, 4], [], { axis: 1 }),
  op("LogSoftmax", [2, 3, 4], [], { axis: -2 }),
  op("Reshape", [2, 3, 4], [[0, -1, 2]]),
  op("Reshape", [2, 3, 4], [[4, 6]]),
  op("Flatten", [2, 3, 4], [], { axis: 2 }),
  op("Flatten", [2, 3, 4], [], { axis: 0 }),
  op("Flatten", [2, 3, 4], [], { axis: -1 }),
  op("Squeeze", [2, 1, 4, 1], [[1, -1]]),
  op("Squeeze", [2, 1, 4, 1]),
  op("Unsqueeze", [2, 4], [[0, -1]]),
  op("Transpose", [2, 3, 4], [], { perm: [2, 0, 1] }),
  op("Transpose", [2, 3, 4]),
  op("Concat", [2, 3, 4], [w(2, 2, 4)], { axis: -2 }),
  op(
    "Slice",
    [2, 8, 9],
    [
      [1, -2],
      [-1, 0],
      [1, 2],
      [2, -3],
    ],
  ),
  op(
    "Slice",
    [2, 8, 9],
    [
      [2, 1],
      [2 ** 62, 5],
      [1, 2],
    ],
  ),
  op("Slice", [2, 8], [[7], [-(2 ** 62)], [1], [-1]]),
  op("Split", [2, 7, 3], [[2, 5]], { axis: 1 }, { outputs: 2 }),
  op("Split", [2, 7, 3], [], { axis: 1, num_outputs: 3 }, { outputs: 3, opset: 18 }),
  op("Split", [2, 8], [], { axis: -1 }, { outputs: 2 }),
  op("Gather", [2, 5, 3], [[3, 0, -1, 3]], { axis: 1 }),
  op("Expand", [2, 1, 3], [[2, 4, 1]]),
  op("Expand", [2, 3], [[2, 2, 3]]),
  op("Tile", [2, 3], [[2, 3]]),
  op("Pad", [2, 3, 4], [[0, 1, 2, 0, 0, 1]]),
  op("Pad", [2, 3, 4], [[0, 1, 2, 0, 0, 1], w()]),
  op("Pad", [2, 3, 4], [[0, 0, -1, 0, 2, 0]]),
  op("Pad", [2, 3, 4], [[1, 2], undefined, [2]], {}, { opset: 18 }),
  op("Pad", [2, 3, 4], [[0, 1, 3, 0, 2, 1]], { mode: "reflect" }),
  op("Pad", [2, 3, 4], [[0, 1, 3, 0, 2, 1]], { mode: "edge" }),
  op("Pad", [2, 3, 4], [[0, 1, 3, 0, 2, 1]], { mode: "wrap" }, { opset: 19 }),
  op("DepthToSpace", [2, 8, 2, 3], [], { blocksize: 2 }),
  op("DepthToSpace", [2, 8, 2, 3], [], { blocksize: 2, mode: "CRD" }),
  ...["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"].flatMap((coordinates) =>
    ["round_prefer_floor", "floor", "ceil", "round_prefer_ceil"].map((nearest) =>
      op("Resize", [2, 2, 4, 5], [undefined, undefined, [2, 2, 7, 3]], {
        coordinate_transformation_mode: coordinates,
        nearest_mode: nearest,
      }),
    ),
  ),
  op("Resize", [2, 2, 4, 5], [undefined, undefined, [2, 2, 7, 3]], { mode: "linear" }),
  op("Resize", [2, 2, 4, 5], [undefined, undefined, [2, 2, 7, 3]], {
    mode: "linear",
    coordinate_transformation_mode: "align_corners",
  }),
  op("Resize", [2, 2, 4, 5], [undefined, undefined, [2, 2, 8, 10]], { mode: "cubic" }),
  op("Identity", [2, 3]),
  op("Cast", [2, 3], [], { to: 1 }),
];

/** Ops of constants: what they give is added to x. Float operands are lists of texts. */
export const folded: readonly (readonly [
  type: string,
  operands: readonly Constant[],
  attributes?: OnnxCase["attributes"],
])[] = [
  ["Add", [[1, 2, 3], [5]]],
  ["Sub", [[1, 2, 3], [5]]],
  ["Mul", [[1, 2, 3], [5]]],
  ["Div", [[7, -7, 9], [2]]],
  ["Div", [["7", "-7"], ["2"]]],
  ["Mod", [[7, -7, 9], [4]]],
  ["Mod", [[7, -7, 9], [4]], { fmod: 1 }],
  ["Pow", [[2, 3], [3]]],
  ["Max", [[2, 3], [1], [3, 0]]],
  ["Min", [[2, 3], [1], [3, 0]]],
  ["Neg", [[2, -3]]],
  ["Abs", [[2, -3]]],
  ["Sqrt", [["2", "3"]]],
  ["Floor", [["2.5", "-2.5"]]],
  ["Ceil", [["2.5", "-2.5"]]],
  ["Round", [["2.5", "-2.5", "3.5", "0.4"]]],
  ["Equal", [[1, 2], [2]]],
  ["Greater", [[1, 2, 3], [2]]],
  ["GreaterOrEqual", [[1, 2, 3], [2]]],
  ["Less", [[1, 2, 3], [2]]],
  ["LessOrEqual", [[1, 2, 3], [2]]],
  ["And", [[true, false, true], [true]]],
  ["Or", [[true, false], [false]]],
  ["Not", [[true, false]]],
  ["Where", [[true, false], [1, 2], [5]]],
  ["Range", [2, 11, 3]],
  ["Range", [9, 1, -3]],
  ["ConstantOfShape", [[2]]],
  ["Shape", [[1, 2, 3]]],
  ["Shape", [[1, 2, 3]], { start: -1 }],
  ["Size", [[1, 2, 3]]],
  ["Concat", [[1], [2, 3], []], { axis: 0 }],
  [
    "Gather",
    [
      [4, 5, 6],
      [2, -3],
    ],
  ],
  ["Gather", [[4, 5, 6], 1]],
  ["Slice", [[4, 5, 6, 7], [-1], [-5], [0], [-2]]],
  ["Expand", [[4], [3]]],
  ["Tile", [[4, 5], [2]]],
  ["Squeeze", [[4], [0]]],
  ["Unsqueeze", [4, [0]]],
  ["Reshape", [[4, 5], [-1]]],
  ["Transpose", [[4, 5]]],
  ["ReduceProd", [[4, 5]]],
  ["ReduceSum", [[4, 5], [0]]],
  ["ReduceMax", [[4, 5]]],
  ["ReduceMin", [[4, 5]], { keepdims: 0 }],
  ["Clip", [["4", "5"], "4.5"]],
  ["Cast", [["4.7", "-4.7", "0"]], { to: 7 }],
  ["Cast", [[4, 0]], { to: 9 }],
  ["Dropout", [["4", "5"]]],
  ["ScatterND", [["4", "5", "6"], { shape: [2, 1], values: [2, -3] }, ["7", "8"]]],
];

type Entry = number | string | boolean;
type Constant = Entry | readonly Entry[] | { readonly shape: Shape; readonly values: readonly number[] };

/** A constant by the type of its entries: floats are written as texts. */
export function constantOf(name: string, constant: Constant) {
  if (typeof constant === "object" && "shape" in constant) return integers(name, constant.values, constant.shape);
  const [entries, shape] = typeof constant === "object" ? [constant, [constant.length]] : [[constant], []];
  const values = entries.map(Number);
  if (typeof entries[0] === "string") return floats(name, shape, Float32Array.from(values));
  return typeof entries[0] === "boolean" ? booleans(name, values) : integers(name, values, shape);
}
