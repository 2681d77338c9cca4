// Functions of one operand, entry by entry.
import type { Node } from "../../graph.js";
import { clamp, elu, erf, gelu, hardSigmoid, hardSwish, leakyRelu, silu, softplus } from "../../ops/activation.js";
import { abs, add, div, exp, log, mul, relu, sigmoid, sign, sqrt, sub, tanh } from "../../ops/elementwise.js";
import { computed } from "./arithmetic.js";
import { lift, type Operation, operand, type Rule, type RuleFamily, traced } from "./operation.js";
import { combined } from "./parts.js";
import { type ElementKind, isConstant } from "./value.js";

const entrywise = (operation: Operation, build: (x: Node) => Node) =>
  combined([traced(operation, 0)], operation.fail, ([x]) => build(x!));

const activation =
  (build: (x: Node, operation: Operation) => Node): Rule =>
  (operation) =>
    entrywise(operation, (x) => build(x, operation));

/** A function that shape computations use too. */
const onBoth =
  (onHost: (entry: number) => number, build: (x: Node) => Node): Rule =>
  (operation) => {
    const x = operand(operation, 0);
    return isConstant(x) ? computed([x], x.kind, (entry) => onHost(entry!)) : entrywise(operation, build);
  };

/** A function of constants only: its derivative is 0 or it has no node. */
const onConstants =
  (onHost: (entry: number) => number, kind?: ElementKind): Rule =>
  (operation) => {
    const x = operand(operation, 0);
    if (isConstant(x)) return computed([x], kind ?? x.kind, (entry) => onHost(entry!));
    return operation.fail(`${operation.type} of constants`, "of what depends on the pixels or on what is learnt");
  };

/** Halves go to the even neighbour. */
function roundToEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

const SELU = { alpha: 1.6732632423543772, gamma: 1.0507009873554805 };

function geluOf(operation: Operation) {
  const approximation = operation.attributes.text("approximate", "none");
  if (approximation !== "none" && approximation !== "tanh") {
    return operation.fail("approximate: none or tanh", JSON.stringify(approximation));
  }
  return entrywise(operation, (x) => gelu(x, approximation));
}

/** relu(x) - slope·relu(-x), the slope broadcast. */
const prelu: Rule = (operation) =>
  combined([traced(operation, 0), lift(operation, operand(operation, 1))], operation.fail, ([x, slope]) =>
    sub(relu(x!), mul(slope!, relu(mul(-1, x!)))),
  );

export const activationRules: RuleFamily = {
  Abs: onBoth(Math.abs, abs),
  Neg: onBoth(
    (x) => -x,
    (x) => mul(-1, x),
  ),
  Exp: onBoth(Math.exp, exp),
  Log: onBoth(Math.log, log),
  Sqrt: onBoth(Math.sqrt, sqrt),
  Reciprocal: onBoth(
    (x) => 1 / x,
    (x) => div(1, x),
  ),
  Sign: onBoth(Math.sign, sign),
  Tanh: onBoth(Math.tanh, tanh),
  Floor: onConstants(Math.floor),
  Ceil: onConstants(Math.ceil),
  Round: onConstants(roundToEven),
  Not: onConstants((x) => (x === 0 ? 1 : 0), "bool"),
  Relu: activation(relu),
  Sigmoid: activation(sigmoid),
  Erf: activation(erf),
  Softplus: activation(softplus),
  Softsign: activation((x) => div(x, add(1, abs(x)))),
  Mish: activation((x) => mul(x, tanh(softplus(x)))),
  LeakyRelu: activation((x, { attributes }) => leakyRelu(x, attributes.float("alpha", 0.01))),
  Elu: activation((x, { attributes }) => elu(x, attributes.float("alpha", 1))),
  Celu: activation((x, { attributes }) => {
    const alpha = attributes.float("alpha", 1);
    return mul(alpha, elu(mul(1 / alpha, x)));
  }),
  Selu: activation((x, { attributes }) =>
    mul(attributes.float("gamma", SELU.gamma), elu(x, attributes.float("alpha", SELU.alpha))),
  ),
  Swish: activation((x, { attributes }) => {
    const alpha = attributes.float("alpha", 1);
    return alpha === 1 ? silu(x) : mul(x, sigmoid(mul(alpha, x)));
  }),
  Gelu: geluOf,
  PRelu: prelu,
  HardSwish: activation(hardSwish),
  HardSigmoid: activation((x, { attributes }) => {
    const [alpha, beta] = [attributes.float("alpha", 0.2), attributes.float("beta", 0.5)];
    // PyTorch's: a sixth, rounded to float32 in the file.
    return Math.abs(alpha - 1 / 6) < 1e-6 && beta === 0.5 ? hardSigmoid(x) : clamp(add(mul(alpha, x), beta), 0, 1);
  }),
};
