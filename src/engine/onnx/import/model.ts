// Bytes of an ONNX file as a checked graph: initialisers read, names resolved, nodes in an order in which each follows what it reads.
import { fromBinary } from "@bufbuild/protobuf";
import { type AttributeProto, type GraphProto, type ModelProto, ModelProtoSchema } from "../onnx_pb.js";
import { failIn, quoted, short } from "./error.js";
import { kindOf, readTensor } from "./tensor.js";
import type { ElementKind, Known } from "./value.js";
import { checkWire } from "./wire.js";

const OLDEST_OPSET = 13;
const NEWEST_OPSET = 24;
/** Nodes and initialisers together; the largest nets have a tenth. */
const MOST_PIECES = 100_000;
const OWN_DOMAINS = new Set(["", "ai.onnx"]);

export interface OnnxNode {
  /** Op type, with its domain in front where that is not ONNX's own. */
  readonly type: string;
  /** What messages call the node. */
  readonly label: string;
  /** Its own name, else that of its first output. */
  readonly name: string;
  /** Names of values; empty where an optional one is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, AttributeProto>;
}

export interface OnnxInput {
  readonly name: string;
  readonly kind: ElementKind | undefined;
  /** Extents; a name where the file leaves one open. */
  readonly shape: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly file: string;
  /** The exporter, such as `pytorch`. */
  readonly producer: string;
  readonly opset: number;
  readonly input: OnnxInput;
  /** The output that is computed, and those that are not. */
  readonly output: string;
  readonly otherOutputs: readonly string[];
  /** In the file's order. */
  readonly initialisers: ReadonlyMap<string, Known>;
  /** What `output` depends on, each node after those that it reads. */
  readonly nodes: readonly OnnxNode[];
}

function decode(bytes: Uint8Array, file: string): ModelProto {
  const fail = failIn(file);
  if (bytes.length === 0) fail("an ONNX model", "an empty file", "export the model again");
  checkWire(bytes, ModelProtoSchema, file);
  try {
    return fromBinary(ModelProtoSchema, bytes, { readUnknownFields: false });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail("an ONNX model", `bytes that do not decode (${reason})`, "check that this is an ONNX file", error);
  }
}

function opsetOf({ opsetImport }: ModelProto, file: string): number {
  const versions = opsetImport.filter(({ domain }) => OWN_DOMAINS.has(domain)).map(({ version }) => Number(version));
  const [version] = versions;
  if (version !== undefined && versions.length === 1 && version >= OLDEST_OPSET && version <= NEWEST_OPSET)
    return version;
  return failIn(file)(
    `one ONNX opset from ${OLDEST_OPSET} to ${NEWEST_OPSET}`,
    versions.length === 0 ? "none" : versions.join(" and "),
    "export with opset_version=17",
  );
}

function readNodes(graph: GraphProto, file: string): OnnxNode[] {
  return graph.node.map(({ opType, domain, name, input, output, attribute }, position) => {
    const called = name || output.find((each) => each !== "") || `number ${position}`;
    const type = OWN_DOMAINS.has(domain) ? opType : `${domain}.${opType}`;
    const label = `node ${JSON.stringify(short(called))} (${short(type)})`;
    const attributes = new Map(attribute.map((each) => [each.name, each]));
    if (attributes.size !== attribute.length) failIn(file, label)("every attribute once", "one twice", "export again");
    return { type, label, name: called, inputs: input, outputs: output, attributes };
  });
}

/** The node that makes each value. Throws OnnxImportError where a name is given twice. */
function makers(nodes: readonly OnnxNode[], given: ReadonlySet<string>, file: string): Map<string, OnnxNode> {
  const made = new Map<string, OnnxNode>();
  for (const node of nodes) {
    for (const name of node.outputs) {
      if (name === "") continue;
      const other = made.get(name)?.label ?? (given.has(name) ? "the model's inputs" : undefined);
      if (other) failIn(file, node.label)("a new name for every value", `${quoted([name])}, also of ${other}`);
      made.set(name, node);
    }
  }
  return made;
}

/** What `output` depends on, in order. Iterative, since files may be deep. Throws OnnxImportError on cycles and values that nothing makes. */
function inOrder(
  output: string,
  made: ReadonlyMap<string, OnnxNode>,
  given: ReadonlySet<string>,
  file: string,
): OnnxNode[] {
  const order: OnnxNode[] = [];
  const state = new Map<OnnxNode, "open" | "done">();
  const last = made.get(output);
  if (!last) {
    const actual = given.has(output) ? "one of its inputs" : "a name that nothing makes";
    failIn(file, `output ${quoted([output])}`)("a value that a node computes", actual);
  }
  const stack = last ? [last] : [];
  while (stack.length > 0) {
    const node = stack[stack.length - 1]!;
    if (state.get(node) !== undefined) {
      stack.pop();
      if (state.get(node) === "open") order.push(node);
      state.set(node, "done");
      continue;
    }
    state.set(node, "open");
    for (const name of [...node.inputs].reverse()) {
      if (name === "" || given.has(name)) continue;
      const maker = made.get(name);
      if (!maker) {
        return failIn(file, node.label)(
          "inputs that an initialiser, the model's input or a node gives",
          `${quoted([name])}, which nothing gives`,
          "export again with export_params=True",
        );
      }
      if (state.get(maker) === "open") {
        failIn(file, node.label)("a graph without cycles", `${quoted([name])}, which depends on this node itself`);
      }
      if (state.get(maker) === undefined) stack.push(maker);
    }
  }
  return order;
}

function readInput(graph: GraphProto, initialisers: ReadonlySet<string>, file: string): OnnxInput {
  const inputs = graph.input.filter(({ name }) => !initialisers.has(name));
  const [input] = inputs;
  if (!input || inputs.length > 1) {
    const found = inputs.length === 0 ? "none" : `${inputs.length}: ${quoted(inputs.map(({ name }) => name))}`;
    const remedy = "export the model with its weights and one image as input (export_params=True)";
    return failIn(file)("one input beside the weights", found, remedy);
  }
  const type = input.type?.value;
  if (type?.case !== "tensorType" || !type.value.shape) {
    const remedy = "export again with the shape of an example";
    return failIn(file, `input ${quoted([input.name])}`)("a tensor of known rank", "none", remedy);
  }
  const shape = type.value.shape.dim.map(({ value }, axis) => {
    if (value.case === "dimParam") return value.value || `axis ${axis}`;
    if (value.case !== "dimValue") return `axis ${axis}`;
    // Exporters mark open extents in all of these ways.
    return value.value > 0n && value.value <= 0x7fffffffn ? Number(value.value) : `axis ${axis}`;
  });
  return { name: input.name, kind: kindOf(type.value.elemType), shape };
}

/** Reads and checks an ONNX file; `file` is how errors call it. Throws OnnxImportError. */
export function readGraph(bytes: Uint8Array, file: string): OnnxGraph {
  const model = decode(bytes, file);
  const { graph } = model;
  const fail = failIn(file);
  const { length } = [...(graph?.node ?? []), ...(graph?.initializer ?? [])];
  if (length > MOST_PIECES)
    fail(`at most ${MOST_PIECES} nodes and initialisers`, `${length}`, "export a smaller model");
  if (!graph) return fail("a graph", "none", "check that this is an ONNX model, and not a tensor or a data set");
  const pieces = graph.node.length + graph.initializer.length;
  if (pieces > MOST_PIECES)
    fail(`at most ${MOST_PIECES} nodes and initialisers`, `${pieces}`, "export a smaller model");
  const opset = opsetOf(model, file);
  if (graph.sparseInitializer.length > 0)
    fail("dense initialisers", "sparse ones", "export the model without sparsity");

  const initialisers = new Map<string, Known>();
  for (const proto of graph.initializer) {
    const failHere = failIn(file, `initialiser ${quoted([proto.name])}`);
    if (initialisers.has(proto.name)) failHere("every initialiser once", "it twice", "export the model again");
    const read = readTensor(proto, failHere);
    initialisers.set(proto.name, read.kind === "float" ? { ...read, initialiser: proto.name } : read);
  }
  const input = readInput(graph, new Set(initialisers.keys()), file);
  const given = new Set([...initialisers.keys(), input.name]);
  const made = makers(readNodes(graph, file), given, file);
  const outputs = graph.output.map(({ name }) => name);
  const [output] = outputs;
  if (output === undefined) return fail("an output", "none", "export the model again");
  const nodes = inOrder(output, made, given, file);
  return {
    file,
    producer: model.producerName,
    opset,
    input,
    output,
    otherOutputs: outputs.slice(1),
    initialisers,
    nodes,
  };
}
