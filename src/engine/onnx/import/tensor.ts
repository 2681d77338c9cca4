// A TensorProto as numbers: all float and whole number types of ONNX, from raw_data or the typed fields. Files come from strangers, so
// lengths are checked before anything is made.
import { type FloatArray, type Shape, sizeOf } from "../../../math/tensor.js";
import {
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  type TensorProto,
} from "../onnx_pb.js";
import type { Fail } from "./error.js";
import type { ElementKind, Known } from "./value.js";

interface ElementType {
  readonly kind: ElementKind;
  readonly bytes: number;
  read(view: DataView, at: number): number;
  /** The typed field that holds the numbers where there is no raw_data. */
  typed(tensor: TensorProto): readonly (number | bigint)[];
  /** From an entry of the typed field, where that is no plain number. */
  decode?(entry: number): number;
}

/** IEEE half precision: sign, 5 bits of exponent, 10 of mantissa. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0x1f) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * mantissa * 2 ** -24 : sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

const scratch = new DataView(new ArrayBuffer(4));

/** bfloat16: the upper half of a float32. */
function fromBfloat(bits: number): number {
  scratch.setUint16(0, bits);
  scratch.setUint16(2, 0);
  return scratch.getFloat32(0);
}

const whole = (bytes: number, read: ElementType["read"]): ElementType => ({
  kind: "int",
  bytes,
  read,
  typed: (tensor) => tensor.int32Data,
});

const types: Readonly<Partial<Record<DataType, ElementType>>> = {
  [DataType.FLOAT]: { kind: "float", bytes: 4, read: (v, at) => v.getFloat32(at, true), typed: (t) => t.floatData },
  [DataType.DOUBLE]: { kind: "float", bytes: 8, read: (v, at) => v.getFloat64(at, true), typed: (t) => t.doubleData },
  [DataType.FLOAT16]: {
    kind: "float",
    bytes: 2,
    read: (v, at) => fromHalf(v.getUint16(at, true)),
    typed: (t) => t.int32Data,
    decode: fromHalf,
  },
  [DataType.BFLOAT16]: {
    kind: "float",
    bytes: 2,
    read: (v, at) => fromBfloat(v.getUint16(at, true)),
    typed: (t) => t.int32Data,
    decode: fromBfloat,
  },
  [DataType.INT64]: {
    ...whole(8, (v, at) => Number(v.getBigInt64(at, true))),
    typed: (t) => t.int64Data,
  },
  [DataType.UINT64]: { ...whole(8, (v, at) => Number(v.getBigUint64(at, true))), typed: (t) => t.uint64Data },
  [DataType.INT32]: whole(4, (v, at) => v.getInt32(at, true)),
  [DataType.UINT32]: { ...whole(4, (v, at) => v.getUint32(at, true)), typed: (t) => t.uint64Data },
  [DataType.INT16]: whole(2, (v, at) => v.getInt16(at, true)),
  [DataType.UINT16]: whole(2, (v, at) => v.getUint16(at, true)),
  [DataType.INT8]: whole(1, (v, at) => v.getInt8(at)),
  [DataType.UINT8]: whole(1, (v, at) => v.getUint8(at)),
  [DataType.BOOL]: { ...whole(1, (v, at) => v.getUint8(at)), kind: "bool" },
};

/** What numbers of an ONNX element type are here, or undefined for types that are no numbers (strings) or too short for training. */
export const kindOf = (type: number): ElementKind | undefined => types[type as DataType]?.kind;

function shapeOf(dims: readonly bigint[], fail: Fail): Shape {
  const wrong = dims.find((dim) => dim < 0n || dim > 0x7fffffffn);
  if (wrong !== undefined) fail("extents from 0 to 2^31 - 1", `[${dims}]`, "export the model again");
  return dims.map(Number);
}

/** Reads one tensor. `fail` names the file and the tensor. */
export function readTensor(tensor: TensorProto, fail: Fail): Known {
  if (tensor.dataLocation === DataLocation.EXTERNAL || tensor.externalData.length > 0) {
    const place = tensor.externalData.find(({ key }) => key === "location")?.value;
    fail(
      "weights inside the file",
      `weights in another file${place ? ` (${JSON.stringify(place)})` : ""}`,
      "export with external_data=False, or join them: onnx.save_model(onnx.load(path), path, save_as_external_data=False)",
    );
  }
  if (tensor.segment) fail("a whole tensor", "a segment of one", "export the model again");
  const type = types[tensor.dataType as DataType];
  if (!type) {
    const name = DataType[tensor.dataType] ?? `number ${tensor.dataType}`;
    return fail("numbers of a float, integer or boolean type", `type ${name}`, "export the model in float32");
  }
  const shape = shapeOf(tensor.dims, fail);
  const size = sizeOf(shape);
  const typed = type.typed(tensor);
  const held = typed.length > 0 ? typed.length : tensor.rawData.length / type.bytes;
  if (held !== size) {
    const numbers = typed.length > 0 ? `${held} numbers` : `${tensor.rawData.length} bytes`;
    fail(`${size} numbers of ${type.bytes} bytes for shape [${shape}]`, numbers, "export the model again");
  }
  if (tensor.dataType === DataType.FLOAT && typed.length === 0) {
    // A copy, so that the numbers are aligned and the file can be let go; Node's Buffers do not copy on slice().
    return { kind: "float", shape, data: new Float32Array(new Uint8Array(tensor.rawData).buffer) };
  }
  const narrow = type.kind === "float" && tensor.dataType !== DataType.DOUBLE;
  const data: FloatArray = narrow ? new Float32Array(size) : new Float64Array(size);
  if (typed.length > 0) for (let i = 0; i < size; i++) data[i] = (type.decode ?? Number)(typed[i] as number);
  else {
    const view = new DataView(tensor.rawData.buffer, tensor.rawData.byteOffset, tensor.rawData.byteLength);
    for (let i = 0; i < size; i++) data[i] = type.read(view, i * type.bytes);
  }
  return { kind: type.kind, shape, data };
}
