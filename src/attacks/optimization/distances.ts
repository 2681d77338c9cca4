// Gradient distances of spec/attacks-optimization.md 1.4: how far the gradient of a candidate is from the observed one. Gradients may come in
// parts (engine/ops/parts.ts), one candidate each: then there is one distance per part.
import {
  add,
  div,
  ghostNorm,
  ghostProduct,
  mul,
  type Node,
  prefersGhost,
  sqrt,
  square,
  sub,
  sum,
} from "../../engine/index.js";
import { tensor } from "../../math/tensor.js";

/**
 * Distance between two lists of tensors: a scalar where shapes are equal, [P] where all gradients have a leading axis P more than targets.
 * Where `targetSquares` [tensors], the ‖g*‖² of each target, is given, gradients that are dearer to form than to measure stay unformed
 * (engine/ops/ghost.ts), and differences below about 1e-6 ‖g*‖² drown in float32.
 */
export type Distance = (gradients: readonly Node[], targets: readonly Node[], targetSquares?: Node) => Node;

const total = (terms: readonly Node[]): Node => terms.reduce((sumSoFar, term) => add(sumSoFar, term));

/** Whether `gradients` have a leading parts axis that `targets` lack. */
export const areInParts = (gradients: readonly Node[], targets: readonly Node[]): boolean =>
  gradients[0]!.shape.length > targets[0]!.shape.length;

/** Sum over everything, or over all but a leading parts axis; in two stages there too, as float32 needs it for large tensors. */
function sumOf(x: Node, inParts: boolean): Node {
  if (!inParts) return sum(x);
  const rows = sum(
    x,
    x.shape.map((_, axis) => axis).filter((axis) => axis > 1),
  );
  return rows.shape.length > 1 ? sum(rows, [1]) : rows;
}

/** Σ ‖·‖² over all tensors, or over each part of them. */
export const squaredNorm = (tensors: readonly Node[], inParts = false): Node =>
  total(tensors.map((each) => sumOf(square(each), inParts)));

/** Σ ‖·‖² of the tensors, the squares of a list known from outside. */
const sumOfSquares = (squares: Node, chosen: readonly boolean[]): Node =>
  sum(mul(squares, squares.graph.constant(tensor([chosen.length], Float64Array.from(chosen, Number)))));

export const distances = {
  /** Σ ‖g - g*‖² over all tensors (DLG, iDLG). */
  l2: (gradients, targets, targetSquares?) => {
    const inParts = areInParts(gradients, targets);
    const ghosts = gradients.map((each) => targetSquares !== undefined && prefersGhost(each));
    const terms = gradients.map((each, i) =>
      ghosts[i]
        ? sub(ghostNorm(each), mul(2, ghostProduct(each, targets[i]!)))
        : squaredNorm([sub(each, targets[i]!)], inParts),
    );
    return total(targetSquares && ghosts.includes(true) ? [...terms, sumOfSquares(targetSquares, ghosts)] : terms);
  },
  /** 1 - ⟨g, g*⟩ / (‖g‖ ‖g*‖) over the concatenation of all tensors (Inverting Gradients). */
  cosine: (gradients, targets, targetSquares?) => {
    const inParts = areInParts(gradients, targets);
    const isGhost = (each: Node) => targetSquares !== undefined && prefersGhost(each);
    const norm = total(gradients.map((each) => (isGhost(each) ? ghostNorm(each) : squaredNorm([each], inParts))));
    const inner = total(
      gradients.map((each, i) =>
        isGhost(each) ? ghostProduct(each, targets[i]!) : sumOf(mul(each, targets[i]!), inParts),
      ),
    );
    return sub(1, div(inner, mul(sqrt(norm), sqrt(targetSquares ? sum(targetSquares) : squaredNorm(targets)))));
  },
} satisfies Record<string, Distance>;

export type DistanceName = keyof typeof distances;

/**
 * Σ w ‖g - g*‖² over tensors with one weight each (`layer-weighted`). Gradients are formed whatever is given of the targets' squares.
 */
export const weightedL2 =
  (weights: readonly number[]): Distance =>
  (gradients, targets) => {
    const inParts = areInParts(gradients, targets);
    return total(gradients.map((each, i) => mul(weights[i]!, squaredNorm([sub(each, targets[i]!)], inParts))));
  };

/** 1, e⁻¹, e⁻², … from the first layer on: a softmax over layers divided by its first entry. Tensors `a.weight` and `a.bias` are one layer. */
export function fallingByLayer(names: readonly string[]): number[] {
  const layers = names.map((name) => name.replace(/[./][^./]*$/, ""));
  const order = [...new Set(layers)];
  return layers.map((layer) => Math.exp(-order.indexOf(layer)));
}
