// Element-wise arithmetic of two or more operands: on the host where all are known, else as nodes.
import { type Shape, sizeOf } from "../../../math/tensor.js";
import type { Node } from "../../graph.js";
import { clamp, relu6 } from "../../ops/activation.js";
import { add, div, exp, isPositive, log, mul, relu, sqrt, square, sub } from "../../ops/elementwise.js";
import { broadcastShape } from "../../ops/reduce.js";
import { lift, type Operation, operand, optionalNumbers, type Rule, type RuleFamily, scalarOf } from "./operation.js";
import { combined } from "./parts.js";
import { type ElementKind, isConstant, isKnown, type Known, type Traced, type Value } from "./value.js";
import { broadcastStrides, positions, room } from "./view.js";

type OnHost = (a: number, b: number) => number;

/** Entry by entry with broadcasting. */
export function computed(
  values: readonly Known[],
  kind: ElementKind,
  compute: (...entries: number[]) => number,
): Known {
  const shape: Shape = values.map((value) => value.shape).reduce((a, b) => broadcastShape(a, b));
  const data = room(shape);
  const readers = values.map((value) => positions(shape, broadcastStrides(value.shape, shape)));
  for (let i = 0; i < data.length; i++) {
    data[i] = compute(...readers.map((reader, k) => values[k]!.data[reader.next().value as number]!));
  }
  return { kind, shape, data };
}

/** Operands of a host computation, or undefined where one is traced or may be learnt. */
export function constants(operation: Operation): Known[] | undefined {
  const values = operation.inputs.map((_, i) => operand(operation, i));
  return values.every(isConstant) ? values : undefined;
}

/** Names that PyTorch's exporters give to constants; other exporters name all alike. */
const GENERATED = /^(onnx::|_?val_\d+$|scalar_tensor)/;

/**
 * Whether an initialiser is a number of the architecture rather than a weight: it meets the input before anything learnt has (a mean and
 * deviation to normalise by), or is a single number that the exporter named.
 */
function isArchitecture(value: Value, others: readonly Value[], { tracing }: Operation): boolean {
  if (!isKnown(value) || value.initialiser === undefined) return false;
  const meets = others.filter((other): other is Traced => !isKnown(other));
  const onInput = meets.length > 0 && meets.every((other) => other.batch !== "none" && !other.learnt);
  const generated = tracing.producer !== "pytorch" || GENERATED.test(value.initialiser);
  const single = sizeOf(value.shape) === 1 && generated;
  if (!onInput && !single) return false;
  tracing.used(value.initialiser, "constant");
  if (onInput) tracing.warn(`${value.initialiser} normalises the input and is taken as a constant`);
  return true;
}

/** Operands as nodes; a single constant number as a scalar, which the engine's ops know how to simplify. */
export function operands(operation: Operation): Traced[] {
  const values = operation.inputs.map((_, i) => operand(operation, i));
  return values.map((value, i) => {
    const others = values.filter((_, j) => j !== i);
    const held = isKnown(value) && isArchitecture(value, others, operation) ? withoutName(value) : value;
    const number = scalarOf(held);
    const fits = others.some((other) => other.shape.length >= held.shape.length);
    return lift(operation, number !== undefined && fits ? { ...(held as Known), shape: [] } : held);
  });
}

const withoutName = ({ kind, shape, data }: Known): Known => ({ kind, shape, data });

const arithmetic =
  (onHost: OnHost, build: (a: Node, b: Node) => Node): Rule =>
  (operation) => {
    const known = constants(operation);
    if (known) return computed(known, known[0]!.kind, (...entries) => entries.reduce(onHost));
    const values = operands(operation);
    const result = combined(values, operation.fail, (nodes) => nodes.reduce(build));
    return operation.type === "Add" ? withBias(result, values) : result;
  };

/** A fully connected layer's bias may be added by a node of its own. */
function withBias(result: Traced, values: readonly Traced[]): Traced {
  const layer = values.find(({ dense }) => dense !== undefined && dense.bias === undefined);
  const bias = values.find(({ source, shape }) => source && shape.length === 1);
  if (!layer || !bias || layer.shape.join() !== result.shape.join()) return result;
  return { ...result, dense: { ...layer.dense!, bias: bias.source!.initialiser } };
}

const comparison =
  (compare: (a: number, b: number) => boolean): Rule =>
  (operation) => {
    const known = constants(operation);
    if (known) return computed(known, "bool", (a, b) => (compare(a, b) ? 1 : 0));
    return operation.fail("a comparison of constants", "one that depends on the pixels or on what is learnt");
  };

const WHOLE_POWERS = 8;

function power(operation: Operation): Value {
  const known = constants(operation);
  if (known) return computed(known, known[0]!.kind, (a, b) => a ** b);
  const exponent = scalarOf(operation.inputs[1]);
  if (exponent === undefined) {
    // Positive bases only, as everywhere where the exponent is learnt.
    return combined(operands(operation), operation.fail, ([base, raised]) => exp(mul(raised!, log(base!))));
  }
  const [base] = operands(operation) as [Traced];
  return combined([base], operation.fail, ([x]) => raise(x!, exponent));
}

/** Whole and half powers by products and a root, so that they hold for the bases that they are defined for. */
function raise(x: Node, exponent: number): Node {
  if (exponent < 0) return div(1, raise(x, -exponent));
  if (exponent === 0.5) return sqrt(x);
  if (exponent === 1) return x;
  if (exponent === 2) return square(x);
  if (Number.isInteger(exponent) && exponent > 2 && exponent <= WHOLE_POWERS) return mul(x, raise(x, exponent - 1));
  return exp(mul(exponent, log(x)));
}

/** The larger of two where `sign` is 1, the smaller where it is -1. */
const extremum =
  (sign: 1 | -1): Rule =>
  (operation) => {
    const known = constants(operation);
    const pick = sign === 1 ? Math.max : Math.min;
    if (known) return computed(known, known[0]!.kind, (...entries) => pick(...entries));
    return combined(operands(operation), operation.fail, (nodes) =>
      nodes.reduce((a, b) => {
        const takesB = isPositive(mul(sign, sub(b, a)));
        return add(mul(takesB, b), mul(sub(1, takesB), a));
      }),
    );
  };

function clip(operation: Operation): Value {
  const bound = (position: number, fallback: number) =>
    optionalNumbers(operation, position, "a bound")?.data[0] ?? fallback;
  const [low, high] = [bound(1, Number.NEGATIVE_INFINITY), bound(2, Number.POSITIVE_INFINITY)];
  const x = operand(operation, 0);
  if (isConstant(x)) return computed([x], x.kind, (value) => Math.min(Math.max(value, low), high));
  return combined([lift(operation, x)], operation.fail, ([node]) => {
    // What PyTorch calls ReLU6 and ReLU, with its derivatives at the bounds.
    if (low === 0 && high === 6) return relu6(node!);
    return low === 0 && high === Number.POSITIVE_INFINITY ? relu(node!) : clamp(node!, low, high);
  });
}

/** `where(condition, a, b)` for a condition that is known. */
function where(operation: Operation): Value {
  const condition = optionalNumbers(operation, 0, "a condition") ?? operation.fail("a condition", "none");
  const [a, b] = [operand(operation, 1), operand(operation, 2)];
  if (isConstant(a) && isConstant(b)) {
    return computed([condition, a, b], a.kind, (chosen, yes, no) => (chosen ? yes! : no!));
  }
  const masked = (value: Value, chosen: boolean): Traced => {
    const mask = computed([condition], "float", (entry) => ((entry !== 0) === chosen ? 1 : 0));
    // Constants are cleared on the host: an infinity times 0 would not be 0.
    if (isConstant(value)) {
      return lift(
        operation,
        computed([mask, value], "float", (kept, entry) => (kept ? entry! : 0)),
      );
    }
    return combined([lift(operation, mask), lift(operation, value)], operation.fail, ([m, x]) => mul(m!, x!));
  };
  return combined([masked(a, true), masked(b, false)], operation.fail, ([yes, no]) => add(yes!, no!));
}

const mean: Rule = (operation) =>
  combined(operands(operation), operation.fail, (nodes) =>
    mul(
      1 / nodes.length,
      nodes.reduce((a, b) => add(a, b)),
    ),
  );

/** ONNX divides whole numbers towards zero. */
const divided: Rule = (operation) => {
  const known = constants(operation);
  const whole = known?.every(({ kind }) => kind !== "float");
  if (known && whole) {
    if (known[1]!.data.includes(0)) operation.fail("a divisor other than 0", "0");
    return computed(known, "int", (a, b) => Math.trunc(a! / b!));
  }
  return arithmetic((a, b) => a / b, div)(operation);
};

const modulo: Rule = (operation) => {
  const known = constants(operation);
  if (!known) return operation.fail("a remainder of constants", "one that depends on the pixels");
  if (operation.attributes.int("fmod", 0) === 1) return computed(known, known[0]!.kind, (a, b) => a! % b!);
  return computed(known, known[0]!.kind, (a, b) => a! - b! * Math.floor(a! / b!));
};

export const arithmeticRules: RuleFamily = {
  Add: arithmetic((a, b) => a + b, add),
  Sub: arithmetic((a, b) => a - b, sub),
  Mul: arithmetic((a, b) => a * b, mul),
  Sum: arithmetic((a, b) => a + b, add),
  Div: divided,
  Mod: modulo,
  Mean: mean,
  Pow: power,
  Max: extremum(1),
  Min: extremum(-1),
  Clip: clip,
  Where: where,
  Equal: comparison((a, b) => a === b),
  Greater: comparison((a, b) => a > b),
  GreaterOrEqual: comparison((a, b) => a >= b),
  Less: comparison((a, b) => a < b),
  LessOrEqual: comparison((a, b) => a <= b),
  And: comparison((a, b) => a !== 0 && b !== 0),
  Or: comparison((a, b) => a !== 0 || b !== 0),
};
