// What an op family declares beside its builders: how each op is differentiated and how it is written as ONNX.
import type { DType, Tensor } from "../math/tensor.js";
import type { Node } from "./graph.js";

/** What an ONNX attribute can hold here; numbers and lists are integers unless marked. */
export type OnnxAttribute = number | string | readonly number[] | { readonly float: number };

/** Writes ONNX nodes; handed to `emit`. All names are names of ONNX values. */
export interface Emitter {
  readonly dtype: DType;
  /** Appends one ONNX node with one output and returns the output's name. */
  node(opType: string, inputs: readonly string[], attributes?: Readonly<Record<string, OnnxAttribute>>): string;
  /** Name of a graph node that has been emitted (every input of the node at hand has). */
  nameOf(node: Node): string;
  /** Name of an int64 initialiser with these values (shapes, axes, starts). */
  integers(values: readonly number[]): string;
  /** Name of an initialiser in the graph's own precision. */
  floats(value: Tensor | number): string;
  /** Whether the backend has no kernel for an ONNX operator. */
  lacks(operator: string): boolean;
  /** Cast of a value to the graph's precision. */
  castToFloat(name: string): string;
}

/** What a lowering may depend on beside the node. */
export interface LoweringContext {
  readonly dtype: DType;
  /** Whether a node's value is known when the graph is compiled: made of constants and bound inputs only. */
  isConstant(node: Node): boolean;
  /** Forms to take instead of the policy's choice, by op; for measuring. */
  readonly forms?: Readonly<Record<string, string>>;
}

export interface OpRule {
  /**
   * Adjoint of every input, given the adjoint of the output; null where the op is constant in that input. Made of ops again, so
   * that it can be differentiated once more. Absent: the op has no gradient rule and `grad` says so.
   */
  readonly gradient?: (node: Node, adjoint: Node) => readonly (Node | null)[];
  /** Appends the op to an ONNX graph and returns the name of its value. */
  readonly emit: (node: Node, emitter: Emitter) => string;
  /**
   * The same value made of simpler ops, for a precision in which the runtime has no kernel, or for speed. What it returns is lowered in
   * turn; null leaves the node as it is.
   */
  readonly lower?: (node: Node, dtype: DType, context: LoweringContext) => Node | null;
}

export type OpFamily = Readonly<Record<string, OpRule>>;
