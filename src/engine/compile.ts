// From graph to a function: lowers what the precision needs, writes ONNX, opens a session on a backend.
import { cast, type DType, type FloatArray, type Shape, sizeOf, type Tensor } from "../math/tensor.js";
import type { Backend } from "./backends/backend.js";
import { type Node, topological } from "./graph.js";
import { writeOnnx } from "./onnx/write.js";
import { rules } from "./ops/index.js";

export interface CompileOptions {
  readonly backend: Backend;
  readonly dtype: DType;
  /** Values for named inputs that never change: they become initialisers, which is faster (spec/engine.md section 3). */
  readonly bind?: Readonly<Record<string, Tensor>>;
}

/** A compiled graph. `Outputs` are the names of the nodes it was compiled from. */
export interface Program<Outputs extends string = string> {
  readonly dtype: DType;
  /** The emitted ONNX model; write it to a file to look at it in Netron. */
  readonly model: Uint8Array;
  readonly inputs: ReadonlyMap<string, Shape>;
  /** Evaluates all outputs. Arrays of the other precision are converted. Throws RangeError on a missing or ill-sized input. */
  run(inputs: Readonly<Record<string, FloatArray>>): Promise<Record<Outputs, FloatArray>>;
  dispose(): Promise<void>;
}

/** Replaces every node that has no kernel in this precision, or a faster form, by simpler ones. */
function lower(outputs: readonly Node[], dtype: DType): Node[] {
  const lowered = new Map<Node, Node>();
  for (const node of topological(outputs)) {
    const inputs = node.inputs.map((input) => lowered.get(input)!);
    const same = inputs.every((input, position) => input === node.inputs[position]);
    const rebuilt = same ? node : node.graph.node(node.op, inputs, node.attributes, node.shape);
    lowered.set(node, rules[node.op]?.lower?.(rebuilt, dtype) ?? rebuilt);
  }
  return outputs.map((output) => lowered.get(output)!);
}

export async function compile<const Outputs extends string>(
  outputs: Readonly<Record<Outputs, Node>>,
  { backend, dtype, bind = {} }: CompileOptions,
): Promise<Program<Outputs>> {
  const names = Object.keys(outputs) as Outputs[];
  const nodes = lower(
    names.map((name) => outputs[name]),
    dtype,
  );
  const lowered = Object.fromEntries(names.map((name, position) => [name, nodes[position]!]));
  const { bytes, inputs } = writeOnnx(lowered, dtype, bind);
  const session = await backend.load(bytes, dtype);
  return {
    dtype,
    model: bytes,
    inputs,
    async run(values) {
      const feeds: Record<string, { shape: Shape; data: FloatArray }> = {};
      for (const [name, shape] of inputs) {
        const data = values[name];
        if (data?.length !== sizeOf(shape)) {
          const came = data ? `${data.length} numbers` : "nothing";
          throw new RangeError(`input "${name}" takes ${sizeOf(shape)} numbers of shape [${shape}], got ${came}`);
        }
        feeds[name] = { shape, data: cast(data, dtype) };
      }
      return (await session.run(feeds)) as Record<Outputs, FloatArray>;
    },
    dispose: () => session.dispose(),
  };
}
