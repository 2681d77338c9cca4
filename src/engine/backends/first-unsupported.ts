// Which node of a model a provider has no kernel for, where the runtime only says that there is one: the shortest beginning of the model
// that does not load ends with it.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, type NodeProto, ValueInfoProtoSchema } from "../onnx/onnx_pb.js";

/** The node, or null where the whole model loads. `loads` tells whether a model does; called about log2(nodes) times. */
export async function firstUnsupported(
  model: Uint8Array,
  loads: (part: Uint8Array) => Promise<boolean>,
): Promise<NodeProto | null> {
  const { graph } = fromBinary(ModelProtoSchema, model);
  const count = graph?.node.length ?? 0;
  if (!graph || (await loads(beginning(model, count)))) return null;
  // The first `good` nodes load, the first `bad` ones do not.
  let [good, bad] = [0, count];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (await loads(beginning(model, middle))) good = middle;
    else bad = middle;
  }
  return graph.node[bad - 1]!;
}

/** The first `count` nodes; all results that none of them takes up are outputs. */
function beginning(bytes: Uint8Array, count: number): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  const graph = model.graph!;
  graph.node = graph.node.slice(0, count);
  const taken = new Set(graph.node.flatMap(({ input }) => input));
  const left = graph.node.flatMap(({ output }) => output).filter((name) => name !== "" && !taken.has(name));
  graph.output = left.map((name) => create(ValueInfoProtoSchema, { name }));
  return toBinary(ModelProtoSchema, model);
}
