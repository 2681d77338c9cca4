// An ONNX file of a stranger's generator, checked and brought into the form that a session of ours takes: all inputs and the output float32, and
// nothing read from other files.
import { create, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { failIn, quoted } from "../../engine/onnx/import/error.js";
import { checkWire } from "../../engine/onnx/import/wire.js";
import {
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  NodeProtoSchema,
  type ValueInfoProto,
} from "../../engine/onnx/onnx_pb.js";
import type { Shape } from "../../math/tensor.js";
import { asGeneratorError, failAt } from "./generator-error.js";
import type { GeneratorManifest } from "./manifest.js";

export interface GeneratorFile {
  /** The model with float32 inputs `latent` and `label`, and one output, by these names of its own. */
  readonly bytes: Uint8Array;
  readonly latent: string;
  readonly label: string | undefined;
  readonly image: string;
  /** The batch size that the file fixes. */
  readonly batch: number | undefined;
}

const WHOLE = new Set<DataType>([DataType.INT64, DataType.INT32]);
const typeName = (type: number): string => DataType[type]?.toLowerCase() ?? `type ${type}`;

/** Reads and checks `bytes`; `file` is how errors call it. Throws GeneratorError. */
export function readGeneratorFile(
  bytes: Uint8Array,
  { latent, classes, names }: GeneratorManifest,
  file: string,
): GeneratorFile {
  const fail = failAt(file);
  const model = asGeneratorError(() => decode(bytes, file));
  const { graph } = model;
  if (!graph) return fail("an ONNX model", "no graph", "check that this is an ONNX file");
  const outside = externalTensor(model);
  if (outside !== undefined) {
    fail("weights inside the file", `${quoted([outside])} in another file`, "export with external_data=False");
  }
  const given = new Set(graph.initializer.map(({ name }) => name));
  const inputs = graph.input.filter(({ name }) => !given.has(name));
  const wanted = classes ? 2 : 1;
  if (inputs.length !== wanted) {
    const what = classes ? "two inputs, latent and class" : "one input, the latent";
    const remedy = classes ? "export both" : "say `classes` in the manifest, or fix the other inputs at export";
    return fail(what, inputs.length === 0 ? "none" : quoted(inputs.map(({ name }) => name)), remedy);
  }
  const named = (name: string | undefined, list: readonly ValueInfoProto[], position: number, field: string) => {
    const found = name === undefined ? list[position] : list.find((each) => each.name === name);
    return (
      found ?? fail(`the ${field} ${JSON.stringify(name ?? "")} of the manifest`, quoted(list.map((each) => each.name)))
    );
  };
  const z = named(names.latent, inputs, 0, "latent input");
  const y =
    classes &&
    named(
      names.class,
      inputs.filter((each) => each !== z),
      0,
      "class input",
    );
  const image = named(names.image, graph.output, 0, "image output");
  const one: Shape = typeof latent === "number" ? [latent] : latent;
  const batch = leadingExtent(z, one, fail);
  if (y) leadingExtent(y, classes.encoding === "one-hot" ? [classes.count] : undefined, fail);
  requireType(image, fail);
  graph.output = [image];
  const taken = new Set([...given, ...graph.node.flatMap(({ output }) => output), ...inputs.map(({ name }) => name)]);
  return {
    latent: asFloat(graph, z, taken, fail),
    label: y && asFloat(graph, y, taken, fail),
    image: image.name,
    batch,
    bytes: toBinary(ModelProtoSchema, model),
  };
}

function decode(bytes: Uint8Array, file: string): ModelProto {
  const fail = failIn(file);
  if (bytes.length === 0) fail("an ONNX model", "an empty file", "export the model again");
  checkWire(bytes, ModelProtoSchema, file);
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail("an ONNX model", `bytes that do not decode (${reason})`, "check that this is an ONNX file", error);
  }
}

/** The name of a tensor whose numbers are in another file, wherever it is in the model. The wire check has bounded the depth. */
function externalTensor(message: Message): string | undefined {
  const held = message as Message & { externalData?: unknown[]; dataLocation?: DataLocation; name?: string };
  if (held.dataLocation === DataLocation.EXTERNAL || (held.externalData?.length ?? 0) > 0) return held.name ?? "";
  for (const value of Object.values(message)) {
    for (const inner of Array.isArray(value) ? value : [value]) {
      if (typeof inner !== "object" || inner === null || !("$typeName" in inner)) continue;
      const found = externalTensor(inner as Message);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

type Failing = ReturnType<typeof failAt>;

const typeOf = ({ type }: ValueInfoProto) => (type?.value.case === "tensorType" ? type.value.value : undefined);

function requireType(info: ValueInfoProto, fail: Failing): void {
  const type = typeOf(info)?.elemType ?? DataType.UNDEFINED;
  if (type !== DataType.FLOAT) fail(`float32 in ${quoted([info.name])}`, typeName(type), "export the model in float32");
}

/** The batch size of an input [N, ...rest], where the file fixes it. Other axes must be as they should, or open. */
function leadingExtent(info: ValueInfoProto, rest: Shape | undefined, fail: Failing): number | undefined {
  const dims = typeOf(info)?.shape?.dim.map(({ value }) =>
    value.case === "dimValue" && value.value > 0n ? Number(value.value) : undefined,
  );
  if (!dims) return undefined;
  const fits = !rest || (dims.length === rest.length + 1 && rest.every((size, i) => (dims[i + 1] ?? size) === size));
  if (!fits) {
    const actual = `[${dims.map((dim) => dim ?? "?")}]`;
    fail(`[N, ${rest}] as input ${quoted([info.name])}`, actual, "correct the manifest's latent or classes");
  }
  return dims[0];
}

/** Makes an input float32, and whole numbers of it where the graph wants them. Gives its name. */
function asFloat(graph: GraphProto, info: ValueInfoProto, taken: Set<string>, fail: Failing): string {
  const tensorType = typeOf(info);
  if (!tensorType || !WHOLE.has(tensorType.elemType)) {
    requireType(info, fail);
    return info.name;
  }
  const whole = info.name;
  while (taken.has(info.name)) info.name += "_";
  taken.add(info.name);
  const to = { name: "to", type: AttributeType.INT, i: BigInt(tensorType.elemType) };
  graph.node.unshift(create(NodeProtoSchema, { opType: "Cast", input: [info.name], output: [whole], attribute: [to] }));
  tensorType.elemType = DataType.FLOAT;
  return info.name;
}
