// Ops that make or describe values: constants, shapes, ranges, casts; and those that pass their operand through.
import { sizeOf } from "../../../math/tensor.js";
import { TensorProto_DataType as DataType } from "../onnx_pb.js";
import { type Operation, operand, optionalNumbers, type Rule, type RuleFamily, requireSize } from "./operation.js";
import { kindOf } from "./tensor.js";
import { integers, isConstant, isKnown, type Known, type Value } from "./value.js";
import { room, stridesOf } from "./view.js";

function constant({ attributes, fail }: Operation): Known {
  const floats = (values: readonly number[], shape: readonly number[]): Known => ({
    kind: "float",
    shape,
    data: Float64Array.from(values),
  });
  const held = attributes.tensor("value");
  if (held) return held;
  if (attributes.has("value_float")) return floats([attributes.float("value_float", 0)], []);
  if (attributes.has("value_int")) return integers([attributes.int("value_int", 0)], []);
  const ints = attributes.ints("value_ints");
  if (ints) return integers(ints);
  const list = attributes.floats("value_floats");
  return list ? floats(list, [list.length]) : fail("a value of numbers", "none, or one of texts");
}

function constantOfShape(operation: Operation): Known {
  const shape = Array.from(optionalNumbers(operation, 0, "a shape")?.data ?? []);
  requireSize(operation, shape);
  const held = operation.attributes.tensor("value");
  return { kind: held?.kind ?? "float", shape, data: room(shape).fill(held?.data[0] ?? 0) };
}

function shapeOf(operation: Operation): Known {
  const { shape } = operand(operation, 0);
  const { attributes } = operation;
  return integers(shape.slice(attributes.int("start", 0), attributes.int("end", shape.length)));
}

function range(operation: Operation): Known {
  const [start, limit, step] = [0, 1, 2].map(
    (i) => optionalNumbers(operation, i, "a bound") ?? operation.fail("three bounds", "fewer"),
  );
  const [first, last, by] = [start!.data[0]!, limit!.data[0]!, step!.data[0]!];
  const count = Math.max(0, Math.ceil((last - first) / by));
  const data = room([count]);
  for (let i = 0; i < count; i++) data[i] = first + i * by;
  return { kind: start!.kind, shape: [count], data };
}

function cast(operation: Operation): Value {
  const x = operand(operation, 0);
  const type = operation.attributes.int("to", DataType.FLOAT);
  const kind = kindOf(type) ?? operation.fail("a cast to numbers", DataType[type] ?? `type ${type}`);
  if (isConstant(x)) {
    if (kind === "float") return { ...x, kind, data: Float64Array.from(x.data) };
    const whole = kind === "bool" ? (entry: number) => (entry === 0 ? 0 : 1) : Math.trunc;
    return { ...x, kind, data: Float64Array.from(x.data, whole) };
  }
  if (kind === "float") return x;
  const remedy = "models of images with float inputs can be imported";
  return operation.fail("a cast to floats, which has a derivative", `one to ${DataType[type]}`, remedy);
}

/** Constants with some of their entries or rows replaced, as masks are made. */
const scatterNd: Rule = (operation) => {
  const [x, indices, updates] = [0, 1, 2].map((i) => operand(operation, i)) as [Value, Value, Value];
  if (!isConstant(x) || !isConstant(indices) || !isConstant(updates)) {
    return operation.fail("assignments among constants", "of what depends on the pixels or on what is learnt");
  }
  if (operation.attributes.text("reduction", "none") !== "none") operation.fail("reduction: none", "another");
  const depth = indices.shape.at(-1) ?? 0;
  const strides = stridesOf(x.shape);
  const row = sizeOf(x.shape.slice(depth));
  const rows = sizeOf(indices.shape.slice(0, -1));
  if (depth < 1 || depth > x.shape.length || updates.data.length !== rows * row) {
    operation.fail(`${rows} rows of ${row} numbers for [${x.shape}]`, `[${updates.shape}]`);
  }
  const data = Float64Array.from(x.data);
  for (let i = 0; i < rows; i++) {
    let at = 0;
    for (let axis = 0; axis < depth; axis++) {
      const index = indices.data[i * depth + axis]!;
      const extent = x.shape[axis]!;
      if (index < -extent || index >= extent) operation.fail(`indices from ${-extent} to ${extent - 1}`, `${index}`);
      at += (index < 0 ? index + extent : index) * strides[axis]!;
    }
    data.set(updates.data.subarray(i * row, (i + 1) * row), at);
  }
  return { kind: x.kind, shape: x.shape, data };
};

/** A second name for an initialiser of equal numbers: PyTorch's exporter merges tensors that are equal, as fresh BatchNorm weights are. */
const identity: Rule = (operation) => {
  const x = operand(operation, 0);
  const [name] = operation.outputs;
  if (!isKnown(x) || x.initialiser === undefined || !name || name.startsWith("onnx::")) return x;
  return x.data.every((entry) => entry === x.data[0]) ? { ...x, initialiser: name } : x;
};

function dropout(operation: Operation): readonly [Value] {
  operation.tracing.warn("dropout is left out: the model is traced as if its rate were 0");
  return [operand(operation, 0)];
}

export const constantRules: RuleFamily = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Shape: shapeOf,
  Size: (operation) => integers([sizeOf(operand(operation, 0).shape)], []),
  Range: range,
  Cast: cast,
  Identity: identity,
  Dropout: dropout,
  ScatterND: scatterNd,
};
