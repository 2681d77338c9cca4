// Activations beyond those of elementwise.ts. Kinks are masks, constant under differentiation, and read off the output where it shows them, so
// that derivatives do not need the map before it.
import { GraphError, type Node } from "../graph.js";
import type { Emitter, OpFamily } from "../rule.js";
import { add, exp, isPositive, mul, relu, sigmoid, square, sub, tanh } from "./elementwise.js";

/** x where positive, slope·x elsewhere. Throws GraphError for a slope below 0. */
export function leakyRelu(x: Node, slope = 0.01): Node {
  if (!(slope >= 0)) throw new GraphError(`leakyRelu: expected a slope of 0 or more, got ${slope}`);
  return x.graph.node("leakyRelu", [x], { slope }, x.shape);
}

/** x where positive, alpha·(exp(x) - 1) elsewhere (Clevert et al. 2016). Throws GraphError for an alpha below 0. */
export function elu(x: Node, alpha = 1): Node {
  if (!(alpha >= 0)) throw new GraphError(`elu: expected an alpha of 0 or more, got ${alpha}`);
  return x.graph.node("elu", [x], { alpha }, x.shape);
}

/** log(1 + exp(x)), without overflow. */
export const softplus = (x: Node): Node => x.graph.node("softplus", [x], {}, x.shape);

/** The error function, 2/√π ∫₀ˣ exp(-t²) dt. */
export const erf = (x: Node): Node => x.graph.node("erf", [x], {}, x.shape);

/**
 * x limited to [low, high]; a bound may be infinite. Its derivative is 1 from bound to bound, bounds included, as in PyTorch. Throws GraphError
 * unless low < high.
 */
export function clamp(x: Node, low: number, high: number): Node {
  if (!(low < high)) throw new GraphError(`clamp: expected low < high, got ${low} and ${high}`);
  return x.graph.node("clamp", [x], { low, high, closed: 1 }, x.shape);
}

/** x limited to [0, 6]; unlike that of `clamp`, its derivative at the bounds is 0, as in PyTorch. */
export const relu6 = (x: Node): Node => x.graph.node("clamp", [x], { low: 0, high: 6, closed: 0 }, x.shape);

/** x·Φ(x), Φ the normal distribution, by erf or by the usual tanh approximation (Hendrycks and Gimpel 2016). */
export function gelu(x: Node, approximation: "none" | "tanh" = "none"): Node {
  const gate =
    approximation === "none"
      ? erf(mul(Math.SQRT1_2, x))
      : tanh(mul(Math.sqrt(2 / Math.PI), mul(x, add(1, mul(0.044715, square(x))))));
  return mul(x, add(0.5, mul(0.5, gate)));
}

/** x·sigmoid(x), also called Swish. */
export const silu = (x: Node): Node => mul(x, sigmoid(x));

/** The sigmoid in three straight pieces, (x + 3)/6 limited to [0, 1] (Howard et al. 2019). */
export const hardSigmoid = (x: Node): Node => mul(1 / 6, relu6(add(x, 3)));

/** x·hardSigmoid(x). */
export const hardSwish = (x: Node): Node => mul(x, hardSigmoid(x));

/** 1 where x lies between the bounds of a clamp, else 0; constant under differentiation. */
const isWithin = (x: Node, clamped: Node): Node => x.graph.node("isWithin", [x], clamped.attributes, x.shape);

// erf in float64: Gaussians at distances of 12 add up to a function of period 12, whose Fourier series, integrated term by term, is
// x/6 + Σ 2/(πn) exp(-(πn/12)²) sin(πnx/6). Within [-6, 6] neighbours add less than exp(-36), as does what follows 24 terms.
const RANGE = 6;
const coefficients = Array.from({ length: 24 }, (_, i) => {
  const n = i + 1;
  return (2 / (Math.PI * n)) * Math.exp(-(((Math.PI * n) / (2 * RANGE)) ** 2));
});

/** The series by Clenshaw's recurrence: Σ cₙ sin(nθ) = b₁ sin(θ) with bₙ = cₙ + 2 cos(θ) bₙ₊₁ - bₙ₊₂. */
function emitErfSeries(x: string, emitter: Emitter): string {
  const { node, floats } = emitter;
  const within = node("Clip", [x, floats(-RANGE), floats(RANGE)]);
  const angle = node("Mul", [within, floats(Math.PI / RANGE)]);
  const twice = node("Mul", [floats(2), node("Cos", [angle])]);
  let [next, afterNext] = [floats(coefficients.at(-1)!), floats(0)];
  for (const coefficient of coefficients.slice(0, -1).reverse()) {
    const rest = node("Sub", [floats(coefficient), afterNext]);
    [next, afterNext] = [node("Add", [node("Mul", [twice, next]), rest]), next];
  }
  const waves = node("Mul", [next, node("Sin", [angle])]);
  return node("Add", [node("Mul", [within, floats(1 / RANGE)]), waves]);
}

const only = (node: Node, emitter: Emitter) => emitter.nameOf(node.inputs[0]!);

export const activationOps: OpFamily = {
  leakyRelu: {
    gradient: (node, adjoint) => {
      const slope = node.attributes.slope as number;
      return [mul(adjoint, add(slope, mul(1 - slope, isPositive(node))))];
    },
    // The runtime's node holds its slope in float32, in float64 too.
    lower: (node, dtype) => {
      if (dtype === "float32") return null;
      const x = node.inputs[0]!;
      const slope = node.attributes.slope as number;
      return mul(x, add(slope, mul(1 - slope, isPositive(x))));
    },
    emit: (node, emitter) =>
      emitter.node("LeakyRelu", [only(node, emitter)], { alpha: { float: node.attributes.slope as number } }),
  },
  elu: {
    gradient: (node, adjoint) => {
      const positive = isPositive(node);
      const below = add(node, node.attributes.alpha as number);
      return [mul(adjoint, add(positive, mul(sub(1, positive), below)))];
    },
    lower: (node, dtype) => {
      if (dtype === "float32") return null;
      const x = node.inputs[0]!;
      const negative = mul(-1, relu(mul(-1, x)));
      return add(relu(x), mul(node.attributes.alpha as number, sub(exp(negative), 1)));
    },
    emit: (node, emitter) =>
      emitter.node("Elu", [only(node, emitter)], { alpha: { float: node.attributes.alpha as number } }),
  },
  softplus: {
    gradient: (node, adjoint) => [mul(adjoint, sigmoid(node.inputs[0]!))],
    emit: (node, emitter) => emitter.node("Softplus", [only(node, emitter)]),
  },
  erf: {
    gradient: (node, adjoint) => [mul(adjoint, mul(2 / Math.sqrt(Math.PI), exp(mul(-1, square(node.inputs[0]!)))))],
    emit: (node, emitter) =>
      emitter.dtype === "float32"
        ? emitter.node("Erf", [only(node, emitter)])
        : emitErfSeries(only(node, emitter), emitter),
  },
  clamp: {
    gradient: (node, adjoint) => [mul(adjoint, isWithin(node.attributes.closed === 1 ? node.inputs[0]! : node, node))],
    emit: (node, emitter) => {
      const { low, high } = node.attributes as { low: number; high: number };
      return emitter.node("Clip", [only(node, emitter), emitter.floats(low), emitter.floats(high)]);
    },
  },
  isWithin: {
    gradient: () => [null],
    emit: (node, emitter) => {
      const { low, high, closed } = node.attributes as { low: number; high: number; closed: number };
      const equal = closed === 1 ? "OrEqual" : "";
      const above = emitter.node(`Greater${equal}`, [only(node, emitter), emitter.floats(low)]);
      const below = emitter.node(`Less${equal}`, [only(node, emitter), emitter.floats(high)]);
      return emitter.castToFloat(emitter.node("And", [above, below]));
    },
  },
};
