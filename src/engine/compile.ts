// From graph to a function: lowers what the precision needs, writes ONNX, opens a session on a backend.
import { cast, type DType, type FloatArray, type Shape, sizeOf, type Tensor } from "../math/tensor.js";
import { type Backend, BackendError } from "./backends/backend.js";
import { type Node, topological } from "./graph.js";
import { type OnnxModel, writeOnnx } from "./onnx/write.js";
import { rules } from "./ops/index.js";
import type { LoweringContext } from "./rule.js";

export interface CompileOptions {
  readonly backend: Backend;
  readonly dtype: DType;
  /** Values for named inputs that never change: they become initialisers, which is faster (spec/engine.md section 3). */
  readonly bind?: Readonly<Record<string, Tensor>>;
  /** Forms that ops take instead of the policy's choice, where shapes allow; for measuring (`npm run bench:forms`). */
  readonly forms?: Readonly<Record<string, string>>;
}

/** A compiled graph. `Outputs` are the names of the nodes it was compiled from. */
export interface Program<Outputs extends string = string> {
  readonly dtype: DType;
  readonly inputs: ReadonlyMap<string, Shape>;
  /** Evaluates all outputs. Arrays of the other precision are converted. Throws RangeError on a missing or ill-sized input. */
  run(inputs: Readonly<Record<string, FloatArray>>): Promise<Record<Outputs, FloatArray>>;
  dispose(): Promise<void>;
}

/** Replaces every node that has no kernel in this precision, or a faster form, by simpler ones; those are lowered in turn. */
function lower(outputs: readonly Node[], context: LoweringContext): Node[] {
  const lowered = new Map<Node, Node>();
  const visit = (roots: readonly Node[]): Node[] => {
    for (const node of topological(roots, lowered)) {
      const inputs = node.inputs.map((input) => lowered.get(input)!);
      const same = inputs.every((input, position) => input === node.inputs[position]);
      const rebuilt = same ? node : node.graph.node(node.op, inputs, node.attributes, node.shape);
      const simpler = rules[rebuilt.op]?.lower?.(rebuilt, context.dtype, context) ?? rebuilt;
      lowered.set(node, simpler === rebuilt ? rebuilt : visit([simpler])[0]!);
    }
    return roots.map((root) => lowered.get(root)!);
  };
  return visit(outputs);
}

/** Whether a node is made of constants and inputs named in `bound` only. */
function constantIn(bound: Readonly<Record<string, unknown>>): (node: Node) => boolean {
  const known = new Map<Node, boolean>();
  return (node) => {
    for (const each of topological([node], known)) {
      const constant =
        each.op === "input"
          ? (each.attributes.name as string) in bound
          : each.inputs.every((input) => known.get(input));
      known.set(each, constant);
    }
    return known.get(node)!;
  };
}

/**
 * The ONNX model that `compile` hands to a backend; write its `bytes` to a file to look at it in Netron. Programs do not keep it, since
 * it holds a copy of all bound values. Throws GraphError as `writeOnnx`.
 */
export function emit(
  outputs: Readonly<Record<string, Node>>,
  { dtype, bind = {}, forms, lacks }: Omit<CompileOptions, "backend"> & Pick<Backend, "lacks">,
): OnnxModel {
  const names = Object.keys(outputs);
  const nodes = lower(Object.values(outputs), { dtype, isConstant: constantIn(bind), ...(forms ? { forms } : {}) });
  return writeOnnx(Object.fromEntries(names.map((name, position) => [name, nodes[position]!])), dtype, bind, lacks);
}

/** Throws GraphError as `emit`, and BackendError when the backend cannot load the model. */
export async function compile<const Outputs extends string>(
  outputs: Readonly<Record<Outputs, Node>>,
  { backend, ...options }: CompileOptions,
): Promise<Program<Outputs>> {
  const { dtype } = options;
  if (!backend.dtypes.includes(dtype)) {
    throw new BackendError(`${backend.name} computes in ${backend.dtypes.join(", ")}, asked for ${dtype}`);
  }
  const { bytes, inputs } = emit(outputs, { ...options, ...(backend.lacks ? { lacks: backend.lacks } : {}) });
  const session = await backend.load(bytes, dtype);
  return {
    dtype,
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
