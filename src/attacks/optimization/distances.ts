// Gradient distances of spec/attacks-optimization.md 1.4: how far the gradient of a candidate is from the observed one. Gradients may come in
// parts (engine/ops/parts.ts), one candidate each: then there is one distance per part.
import { add, div, mul, type Node, sqrt, square, sub, sum } from "../../engine/index.js";

/** Distance between two lists of tensors: a scalar where shapes are equal, [P] where all gradients have a leading axis P more than targets. */
export type Distance = (gradients: readonly Node[], targets: readonly Node[]) => Node;

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

/** Σ ⟨·, ·⟩ over all tensors, or of each part of `gradients` with `targets`. */
const innerProduct = (gradients: readonly Node[], targets: readonly Node[]): Node =>
  total(gradients.map((each, i) => sumOf(mul(each, targets[i]!), areInParts(gradients, targets))));

export const distances = {
  /** Σ ‖g - g*‖² over all tensors (DLG, iDLG). */
  l2: (gradients, targets) =>
    squaredNorm(
      gradients.map((each, i) => sub(each, targets[i]!)),
      areInParts(gradients, targets),
    ),
  /** 1 - ⟨g, g*⟩ / (‖g‖ ‖g*‖) over the concatenation of all tensors (Inverting Gradients). */
  cosine: (gradients, targets) => {
    const norms = mul(sqrt(squaredNorm(gradients, areInParts(gradients, targets))), sqrt(squaredNorm(targets)));
    return sub(1, div(innerProduct(gradients, targets), norms));
  },
} satisfies Record<string, Distance>;

export type DistanceName = keyof typeof distances;
