// From an ONNX file to a function that traces it onto a graph of ours, at any batch size that the file allows. One rule per op (import/rules.ts);
// what shapes are computed with is folded while tracing. Opsets 13 to 24: github.com/onnx/onnx/blob/main/docs/Operators.md.
import { sizeOf } from "../../math/tensor.js";
import type { Node } from "../graph.js";
import { failIn, OnnxImportError, quoted, short } from "./import/error.js";
import { type OnnxGraph, type OnnxNode, readGraph } from "./import/model.js";
import { type Operation, operationOf, type Role, requireSize, type Seen, type Tracing } from "./import/operation.js";
import { rules } from "./import/rules.js";
import { along, isKnown, type Known, type Traced, type Value } from "./import/value.js";

export { OnnxImportError } from "./import/error.js";
export type { Role } from "./import/operation.js";
export { type Dense, isInFront, type Known, type Traced } from "./import/value.js";

/** Numbers that may be computed on the way, all shape computations together. */
const MOST_FOLDED = 2 ** 24;

export interface TraceSettings {
  /** Samples in the batch. */
  readonly samples: number;
  /** Whether BatchNormalization takes the statistics of the batch. */
  readonly training?: boolean;
  /** The node of an initialiser, of its shape or with a leading axis of parts (ops/parts.ts). */
  readonly parameter: (name: string, value: Known) => Node;
}

export interface OnnxTrace {
  readonly output: Traced;
  /** What each initialiser that was read was used as, in the order of their use. */
  readonly uses: ReadonlyMap<string, Role>;
  /** Numbers of initialisers that exist in the file under another name only. */
  readonly renamed: ReadonlyMap<string, Known>;
  readonly statistics: ReadonlyMap<string, Seen>;
  readonly warnings: readonly string[];
}

export interface OnnxImport extends Omit<OnnxGraph, "nodes"> {
  readonly nodes: readonly OnnxNode[];
  /** Traces the model on `x`, of the input's shape. Throws OnnxImportError naming the node that stands in the way. */
  trace(x: Node, settings: TraceSettings): OnnxTrace;
}

/** The names of what a node gives, with their values. Errors of the engine's own ops get the node's name. */
function resultsOf(operation: Operation): Value[] {
  const { fail, type, outputs } = operation;
  try {
    const results = rules[type]!(operation);
    const list = "shape" in results ? [results] : results;
    return list.slice(0, outputs.length) as Value[];
  } catch (error) {
    if (error instanceof OnnxImportError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    return fail("operands that fit", reason, "check the shapes in the model", error);
  }
}

function traceGraph(graph: OnnxGraph, x: Node, { samples, training = false, parameter }: TraceSettings): OnnxTrace {
  const { file, opset, producer, initialisers } = graph;
  const values = new Map<string, Value | undefined>(initialisers);
  values.set(graph.input.name, { node: x, shape: x.shape, batch: along(0), learnt: false });
  const uses = new Map<string, Role>();
  const renamed = new Map<string, Known>();
  const statistics = new Map<string, Seen>();
  const warnings = new Set<string>();
  const tracing: Tracing = {
    file,
    opset,
    producer,
    graph: x.graph,
    samples,
    training,
    parameter,
    used(name, role) {
      // Learnt where any use is.
      if (role !== "constant" || !uses.has(name)) uses.set(name, uses.get(name) === "parameter" ? "parameter" : role);
    },
    saw: (layer, seen) => statistics.set(layer, seen),
    warn: (text) => warnings.add(text),
  };
  let folded = 0;
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => {
      if (name === "" || values.get(name)) return values.get(name);
      return failIn(file, node.label)("inputs that can be computed", `${quoted([name])}, an output that is not`);
    });
    const operation = operationOf(node, inputs, tracing);
    resultsOf(operation).forEach((value, i) => {
      const name = node.outputs[i]!;
      values.set(name, value);
      if (value) requireSize(operation, value.shape);
      if (!value || !isKnown(value)) return;
      folded += value.initialiser === undefined && node.type !== "Constant" ? sizeOf(value.shape) : 0;
      if (folded > MOST_FOLDED) operation.fail(`at most ${MOST_FOLDED} numbers computed ahead`, "more");
      if (value.initialiser !== undefined && !initialisers.has(value.initialiser))
        renamed.set(value.initialiser, value);
    });
  }
  const output = values.get(graph.output);
  if (!output || isKnown(output) || output.batch === "none") {
    return failIn(file, `output ${quoted([graph.output])}`)("a value that depends on the input", "a constant");
  }
  return { output, uses, renamed, statistics, warnings: [...warnings] };
}

/** Throws OnnxImportError naming the first node whose op has no rule, and all ops that have one. */
function requireRules({ nodes, file }: OnnxGraph): void {
  const strange = nodes.filter(({ type }) => !Object.hasOwn(rules, type));
  if (strange.length === 0) return;
  const types = [...new Set(strange.map(({ type }) => short(type)))];
  const remedy = `supported are ${Object.keys(rules).sort().join(", ")}`;
  failIn(file, strange[0]!.label)("ops that can be imported", types.join(", "), remedy);
}

/** Reads an ONNX file; `file` is how errors call it. Throws OnnxImportError on anything that is wrong with it. */
export function importOnnx(bytes: Uint8Array, file: string): OnnxImport {
  const graph = readGraph(bytes, file);
  requireRules(graph);
  return { ...graph, trace: (x, settings) => traceGraph(graph, x, settings) };
}
