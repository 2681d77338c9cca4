// One ONNX node while it is traced: its operands and attributes in the forms that rules ask for.
import { type Shape, sizeOf } from "../../../math/tensor.js";
import type { Graph, Node } from "../../graph.js";
import { reshape } from "../../ops/layout.js";
import { type Attributes, attributesOf } from "./attributes.js";
import { type Fail, failIn } from "./error.js";
import type { OnnxNode } from "./model.js";
import { isConstant, isKnown, type Known, type Traced, type Value } from "./value.js";

/** What an initialiser is used as: learnt, a running statistic, or a number that belongs to the architecture. */
export type Role = "parameter" | "statistic" | "constant";

/** What a normalisation layer saw of a batch, per channel. */
export interface Seen {
  readonly mean: Node;
  readonly variance: Node;
}

/** What a trace reads and writes beside the values themselves. */
export interface Tracing {
  readonly file: string;
  readonly opset: number;
  /** The exporter, such as `pytorch`. */
  readonly producer: string;
  readonly graph: Graph;
  /** Samples in the batch. */
  readonly samples: number;
  readonly training: boolean;
  /** The node of an initialiser, alone or in parts. */
  parameter(name: string, value: Known): Node;
  /** Called for every use of an initialiser. */
  used(name: string, role: Role): void;
  /** Called by every BatchNormalization in training, with a name for the layer. */
  saw(layer: string, seen: Seen): void;
  /** Called with what the user should know; repeated notes are one. */
  warn(text: string): void;
}

export interface Operation {
  readonly type: string;
  readonly name: string;
  readonly opset: number;
  readonly tracing: Tracing;
  readonly attributes: Attributes;
  readonly inputs: readonly (Value | undefined)[];
  /** Names of what is read; empty where an optional operand is left out. */
  readonly outputs: readonly string[];
  readonly fail: Fail;
}

/** How one op type is traced: one value per output, in order, undefined for outputs that are not computed. */
export type Rule = (operation: Operation) => Value | readonly (Value | undefined)[];

export type RuleFamily = Readonly<Record<string, Rule>>;

export function operationOf(node: OnnxNode, inputs: readonly (Value | undefined)[], tracing: Tracing): Operation {
  const fail = failIn(tracing.file, node.label);
  const { type, name, outputs } = node;
  const attributes = attributesOf(node, fail);
  return { type, name, opset: tracing.opset, tracing, attributes, inputs, outputs, fail };
}

/** Operand `position`. Throws OnnxImportError where it is left out. */
export function operand({ inputs, type, fail }: Operation, position: number): Value {
  return inputs[position] ?? fail(`input ${position} of ${type}`, "none", "export the model again");
}

/** A value as a node: constants become constants of the graph, initialisers parameters. */
export function lift({ tracing }: Operation, value: Value, role: Exclude<Role, "constant"> = "parameter"): Traced {
  if (!isKnown(value)) return value;
  const { initialiser, shape } = value;
  if (initialiser === undefined) {
    return { node: tracing.graph.constant({ shape, data: value.data }), shape, batch: "none", learnt: false };
  }
  tracing.used(initialiser, role);
  const given = tracing.parameter(initialiser, value);
  const parts = given.shape.length > shape.length ? given.shape[0]! : 1;
  // A single part is no different from none.
  const node = parts === 1 ? reshape(given, shape) : given;
  const source = { initialiser, flipped: false };
  const held: Traced = { node, shape, batch: "none", learnt: role === "parameter", source };
  return parts === 1 ? held : { ...held, parts };
}

/** Operand `position` as a node. */
export const traced = (operation: Operation, position: number, role?: Exclude<Role, "constant">): Traced =>
  lift(operation, operand(operation, position), role);

/** Operand `position` as numbers. Throws OnnxImportError where it depends on the input's pixels; undefined where it is left out. */
export function optionalNumbers(operation: Operation, position: number, what: string): Known | undefined {
  const value = operation.inputs[position];
  if (value === undefined) return undefined;
  if (isKnown(value)) {
    if (value.initialiser !== undefined) operation.tracing.used(value.initialiser, "constant");
    return value;
  }
  return operation.fail(
    `${what} known before the model runs`,
    "one that depends on the pixels or on what is learnt",
    "make it a constant of the model",
  );
}

/** Whole numbers of operand `position`, or of the attribute of that name, where older opsets keep them. */
export function integersOf(operation: Operation, position: number, name: string): number[] | undefined {
  const known = optionalNumbers(operation, position, name);
  return known ? Array.from(known.data) : operation.attributes.ints(name);
}

/** `axis` counted from the front. Throws OnnxImportError outside the rank. */
export function axisOf({ fail }: Operation, axis: number, rank: number): number {
  const counted = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(counted) || counted < 0 || counted >= rank) fail(`an axis of ${rank}`, `${axis}`);
  return counted;
}

export const axesOf = (operation: Operation, axes: readonly number[], rank: number): number[] =>
  axes.map((axis) => axisOf(operation, axis, rank));

/** A value without parameters in parts, of `rank` axes. Throws OnnxImportError. */
export function activation(operation: Operation, position: number, ranks: readonly number[]): Traced {
  const x = traced(operation, position);
  const { fail } = operation;
  if (!ranks.includes(x.shape.length)) {
    const expected = `an input of ${ranks.map((rank) => `${rank}`).join(" or ")} axes`;
    fail(expected, `[${x.shape}]`, "models of images [N, C, H, W] can be imported");
  }
  if (x.parts !== undefined) fail("an input that depends on the image", "one made of parameters only");
  return x;
}

/** The one number of a constant operand, undefined where it is no scalar constant. */
export const scalarOf = (value: Value | undefined): number | undefined =>
  value && isConstant(value) && sizeOf(value.shape) === 1 ? value.data[0] : undefined;

const MOST_AXES = 16;
const LONGEST_AXIS = 2 ** 24;
const MOST_NUMBERS = 2 ** 31;

/** Throws OnnxImportError where a result would be larger than any memory, before anything is made of it. */
export function requireSize({ fail }: Operation, shape: Shape): void {
  const fits = shape.every((extent) => Number.isInteger(extent) && extent >= 0 && extent <= LONGEST_AXIS);
  if (fits && shape.length <= MOST_AXES && sizeOf(shape) <= MOST_NUMBERS) return;
  fail(
    `a result of at most ${MOST_AXES} axes, ${LONGEST_AXIS} entries an axis and ${MOST_NUMBERS} in all`,
    `shape [${shape.slice(0, MOST_AXES + 1)}]`,
    "check the shapes and repeats that the model asks for",
  );
}
