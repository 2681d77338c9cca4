// Writes a graph as an ONNX model (opset 18): one emission rule per op, constants as initialisers, static shapes throughout.
import { create, toBinary } from "@bufbuild/protobuf";
import { cast, type DType, type FloatArray, type Shape, type Tensor, tensor } from "../../math/tensor.js";
import { GraphError, type Node, topological } from "../graph.js";
import { rules } from "../ops/index.js";
import type { Emitter, OnnxAttribute } from "../rule.js";
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from "./onnx_pb.js";

const OPSET = 18;
const IR_VERSION = 9;
// Opens the names of values in between, so that no input or output can take one of them.
const RESERVED = "%";

const elementType = (dtype: DType): DataType => (dtype === "float32" ? DataType.FLOAT : DataType.DOUBLE);

const bytesOf = (data: ArrayBufferView): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

function attribute(name: string, value: OnnxAttribute): AttributeProto {
  if (typeof value === "string") {
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) });
  }
  if (typeof value === "number")
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
  if ("float" in value) return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float });
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) });
}

function valueInfo(name: string, shape: Shape, dtype: DType) {
  const dim = shape.map((extent) => ({ value: { case: "dimValue" as const, value: BigInt(extent) } }));
  const tensorType = { elemType: elementType(dtype), shape: { dim } };
  return create(ValueInfoProtoSchema, { name, type: { value: { case: "tensorType", value: tensorType } } });
}

/** Nodes whose value no output needs: an emission rule may have reached past them. */
function withoutDead(nodes: readonly NodeProto[], outputs: Iterable<string>): NodeProto[] {
  const wanted = new Set(outputs);
  const kept: NodeProto[] = [];
  for (const node of [...nodes].reverse()) {
    if (!node.output.some((name) => wanted.has(name))) continue;
    for (const name of node.input) wanted.add(name);
    kept.push(node);
  }
  return kept.reverse();
}

export interface OnnxModel {
  readonly bytes: Uint8Array;
  /** Inputs that must be fed, with their shapes. Inputs that no output depends on are absent. */
  readonly inputs: ReadonlyMap<string, Shape>;
}

/**
 * Emits `outputs` (name to node), without the ONNX operators in `lacking` where an op has another form. Inputs named in `bound` become initialisers with those values, all others stay inputs.
 * Throws GraphError when an op has no emission rule, a bound value has another shape, or names clash.
 */
export function writeOnnx(
  outputs: Readonly<Record<string, Node>>,
  dtype: DType,
  bound: Readonly<Record<string, Tensor>> = {},
  lacking: readonly string[] = [],
): OnnxModel {
  const names = new Map<Node, string>();
  const nodes: NodeProto[] = [];
  const initializers = new Map<string, TensorProto>();
  const inputs = new Map<string, Shape>();
  const integerNames = new Map<string, string>();
  let count = 0;
  let emitted: Node | undefined;

  const initializer = (name: string, shape: Shape, dataType: DataType, data: ArrayBufferView): string => {
    const dims = shape.map(BigInt);
    if (!initializers.has(name)) {
      initializers.set(name, create(TensorProtoSchema, { name, dims, dataType, rawData: bytesOf(data) }));
    }
    return name;
  };
  const floats = (name: string, shape: Shape, data: FloatArray) =>
    initializer(name, shape, elementType(dtype), cast(data, dtype));

  const emitter: Emitter = {
    dtype,
    node(opType, input, attributes = {}) {
      const output = `${RESERVED}v${count++}`;
      const list = Object.entries(attributes).map(([name, value]) => attribute(name, value));
      // The runtime's messages name nodes, and it wants the names unique.
      const name = `${emitted?.op}:${emitted?.id}/${nodes.length}`;
      nodes.push(create(NodeProtoSchema, { name, opType, input: [...input], output: [output], attribute: list }));
      return output;
    },
    nameOf(node) {
      const name = names.get(node);
      if (name === undefined) throw new GraphError(`${node.op} (node ${node.id}) was read before it was emitted`);
      return name;
    },
    integers(values) {
      const key = values.join();
      const name = integerNames.get(key) ?? `${RESERVED}i${integerNames.size}`;
      integerNames.set(key, name);
      return initializer(name, [values.length], DataType.INT64, BigInt64Array.from(values, BigInt));
    },
    floats(value) {
      const held = typeof value === "number" ? tensor([], Float64Array.of(value)) : value;
      const scalar = held.shape.length === 0;
      return floats(`${RESERVED}${scalar ? `c:${held.data[0]}` : `c${count++}`}`, held.shape, held.data);
    },
    lacks: (operator) => lacking.includes(operator),
    castToFloat: (name) => emitter.node("Cast", [name], { to: elementType(dtype) }),
  };

  for (const node of topological(Object.values(outputs))) {
    emitted = node;
    if (node.op === "constant") names.set(node, emitter.floats(node.value!));
    else if (node.op === "input") names.set(node, emitInput(node));
    else {
      const rule = rules[node.op];
      if (!rule) throw new GraphError(`op "${node.op}" has no emission rule`);
      names.set(node, rule.emit(node, emitter));
    }
  }

  function emitInput(node: Node): string {
    const name = node.attributes.name as string;
    if (name in outputs) throw new GraphError(`"${name}" names both an input and an output; rename the output`);
    if (name.startsWith(RESERVED)) throw new GraphError(`input "${name}": names must not start with ${RESERVED}`);
    const value = bound[name];
    if (!value) {
      inputs.set(name, node.shape);
      return name;
    }
    if (value.shape.join() !== node.shape.join()) {
      throw new GraphError(`input "${name}" has shape [${node.shape}], bound to a value of shape [${value.shape}]`);
    }
    return floats(name, node.shape, value.data);
  }

  // One Identity per output: two outputs may share a node, and an output may be an input or a constant.
  for (const [name, node] of Object.entries(outputs)) {
    if (name.startsWith(RESERVED)) throw new GraphError(`output "${name}": names must not start with ${RESERVED}`);
    nodes.push(create(NodeProtoSchema, { opType: "Identity", input: [names.get(node)!], output: [name] }));
  }
  const live = withoutDead(nodes, Object.keys(outputs));
  const read = new Set(live.flatMap((node) => node.input));
  const model = create(ModelProtoSchema, {
    irVersion: BigInt(IR_VERSION),
    producerName: "leakscope",
    opsetImport: [{ domain: "", version: BigInt(OPSET) }],
    graph: {
      name: "leakscope",
      node: live,
      initializer: [...initializers.values()].filter((held) => read.has(held.name)),
      input: [...inputs].filter(([name]) => read.has(name)).map(([name, shape]) => valueInfo(name, shape, dtype)),
      output: Object.entries(outputs).map(([name, node]) => valueInfo(name, node.shape, dtype)),
    },
  });
  return {
    bytes: toBinary(ModelProtoSchema, model),
    inputs: new Map([...inputs].filter(([name]) => read.has(name))),
  };
}
