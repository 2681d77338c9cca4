// Immutable, hash-consed expression graphs with static shapes (spec/engine.md section 4). A node has no element type:
// the same graph compiles to float32 or float64.
import { type FloatArray, type Shape, sizeOf, type Tensor, tensor } from "../math/tensor.js";

export type Attributes = Readonly<Record<string, number | string | readonly number[]>>;

/** One value of a graph. Equal op, inputs and attributes give the same node, so common parts are computed once. */
export interface Node {
  readonly id: number;
  readonly graph: Graph;
  readonly op: string;
  readonly inputs: readonly Node[];
  readonly attributes: Attributes;
  readonly shape: Shape;
  /** The number of a scalar constant, the tensor of a larger one; undefined for all other nodes. */
  readonly value?: Tensor;
}

export interface Graph {
  /** The node of this op over these inputs; made on first use. Builders in `ops/` compute the shape. */
  node(op: string, inputs: readonly Node[], attributes: Attributes, shape: Shape): Node;
  /** A value that is fed or bound by name. Throws when the name is taken with another shape. */
  input(name: string, shape: Shape): Node;
  /** A constant. Scalars are shared by value, larger constants by shape and identity of their data. */
  constant(value: Tensor | number): Node;
}

/** A graph's error: says what was built, from which shapes, and what was expected. */
export class GraphError extends Error {
  override name = "GraphError";
}

export function createGraph(): Graph {
  const nodes = new Map<string, Node>();
  const inputs = new Map<string, Node>();
  const scalars = new Map<number, Node>();
  const constants = new Map<FloatArray, Node[]>();
  let count = 0;

  const graph: Graph = {
    node(op, operands, attributes, shape) {
      const stranger = operands.find((operand) => operand.graph !== graph);
      if (stranger) throw new GraphError(`${op}: node ${stranger.id} (${stranger.op}) belongs to another graph`);
      const key = `${op}(${operands.map((operand) => operand.id).join()})[${shape}]${JSON.stringify(attributes)}`;
      const known = nodes.get(key);
      if (known) return known;
      const made: Node = { id: count++, graph, op, inputs: operands, attributes, shape };
      nodes.set(key, made);
      return made;
    },
    input(name, shape) {
      const known = inputs.get(name);
      if (!known) {
        const made: Node = { id: count++, graph, op: "input", inputs: [], attributes: { name }, shape };
        inputs.set(name, made);
        return made;
      }
      if (known.shape.join() !== shape.join()) {
        throw new GraphError(`input "${name}" has shape [${known.shape}] already, asked for [${shape}]`);
      }
      return known;
    },
    constant(value) {
      if (typeof value === "number") {
        const made = scalars.get(value) ?? hold(tensor([], Float64Array.of(value)));
        scalars.set(value, made);
        return made;
      }
      const sameData = constants.get(value.data) ?? [];
      constants.set(value.data, sameData);
      const known = sameData.find((node) => node.shape.join() === value.shape.join());
      if (known) return known;
      const made = hold(value);
      sameData.push(made);
      return made;
    },
  };

  function hold(value: Tensor): Node {
    return { id: count++, graph, op: "constant", inputs: [], attributes: {}, shape: value.shape, value };
  }

  return graph;
}

/** The number of a scalar constant, or undefined. */
export function scalarValue(node: Node): number | undefined {
  return node.value && sizeOf(node.shape) === 1 && node.shape.length === 0 ? node.value.data[0] : undefined;
}

/** All nodes that `outputs` depend on, each after its inputs, without those `known`. Iterative: unrolled graphs are deep. */
export function topological(outputs: readonly Node[], known?: ReadonlyMap<Node, unknown>): Node[] {
  const order: Node[] = [];
  const done = new Set<Node>();
  const isDone = (node: Node) => done.has(node) || known?.has(node);
  const stack = [...outputs].reverse();
  while (stack.length > 0) {
    const node = stack[stack.length - 1]!;
    if (isDone(node)) {
      stack.pop();
      continue;
    }
    const missing = node.inputs.filter((input) => !isDone(input));
    if (missing.length > 0) {
      stack.push(...missing.reverse());
      continue;
    }
    done.add(node);
    order.push(node);
    stack.pop();
  }
  return order;
}
