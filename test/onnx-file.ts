// Writes small ONNX files for tests of the importer, with the types generated from the official schema.
import { create, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  ModelProtoSchema,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from "../src/engine/onnx/onnx_pb.js";
import type { FloatArray, Shape } from "../src/math/tensor.js";

const bytesOf = (data: ArrayBufferView) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

export const floats = (name: string, shape: Shape, data: FloatArray): TensorProto =>
  create(TensorProtoSchema, {
    name,
    dims: shape.map(BigInt),
    dataType: DataType.FLOAT,
    rawData: bytesOf(Float32Array.from(data)),
  });

export const integers = (name: string, values: readonly number[], shape: Shape = [values.length]): TensorProto =>
  create(TensorProtoSchema, {
    name,
    dims: shape.map(BigInt),
    dataType: DataType.INT64,
    rawData: bytesOf(BigInt64Array.from(values, BigInt)),
  });

export const booleans = (name: string, values: readonly number[]): TensorProto =>
  create(TensorProtoSchema, {
    name,
    dims: [BigInt(values.length)],
    dataType: DataType.BOOL,
    rawData: Uint8Array.from(values),
  });

/** Whole numbers are integer attributes, `{ float }` is a float. */
export type AttributeValue =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly tensor: TensorProto };

function attribute(name: string, value: AttributeValue): AttributeProto {
  const make = (type: AttributeType, rest: object) => create(AttributeProtoSchema, { name, type, ...rest });
  if (typeof value === "number") return make(AttributeType.INT, { i: BigInt(value) });
  if (typeof value === "string") return make(AttributeType.STRING, { s: new TextEncoder().encode(value) });
  if ("float" in value) return make(AttributeType.FLOAT, { f: value.float });
  if ("tensor" in value) return make(AttributeType.TENSOR, { t: value.tensor });
  return make(AttributeType.INTS, { ints: value.map(BigInt) });
}

/** Op type, names read, names made, attributes; a domain in front of the type, as in `com.example.Op`. */
export type NodeSpec = readonly [
  type: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes?: Readonly<Record<string, AttributeValue>>,
];

export interface FileSpec {
  readonly nodes: readonly NodeSpec[];
  readonly initialisers?: readonly TensorProto[];
  /** Extents; a name where one is open. */
  readonly inputs: Readonly<Record<string, readonly (number | string)[]>>;
  readonly outputs: readonly string[];
  readonly opset?: number;
  readonly producer?: string;
  readonly inputType?: DataType;
}

export function onnxFile(spec: FileSpec): Uint8Array {
  const { nodes, initialisers = [], inputs, outputs, opset = 17, producer = "test", inputType = DataType.FLOAT } = spec;
  const info = (name: string, shape?: readonly (number | string)[]) => {
    const dim = shape?.map((extent) => ({
      value:
        typeof extent === "number"
          ? { case: "dimValue" as const, value: BigInt(extent) }
          : { case: "dimParam" as const, value: extent },
    }));
    const tensorType = { elemType: inputType, ...(dim ? { shape: { dim } } : {}) };
    return create(ValueInfoProtoSchema, { name, type: { value: { case: "tensorType", value: tensorType } } });
  };
  const node = ([type, input, output, attributes = {}]: NodeSpec, position: number) => {
    const [domain, opType] = type.includes(".") ? type.split(/\.(?=[^.]*$)/) : ["", type];
    return create(NodeProtoSchema, {
      name: `${opType}_${position}`,
      opType: opType!,
      domain: domain!,
      input: [...input],
      output: [...output],
      attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
    });
  };
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 10n,
      producerName: producer,
      opsetImport: [{ domain: "", version: BigInt(opset) }],
      graph: {
        name: "test",
        node: nodes.map(node),
        initializer: [...initialisers],
        input: Object.entries(inputs).map(([name, shape]) => info(name, shape)),
        output: outputs.map((name) => info(name)),
      },
    }),
  );
}
