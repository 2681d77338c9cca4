// Gradient distances of spec/attacks-optimization.md 1.4: how far the gradient of a candidate is from the observed one.
import { add, div, mul, type Node, sqrt, square, sub, sum } from "../../engine/index.js";

/** Scalar distance between two lists of tensors of equal shapes. */
export type Distance = (gradients: readonly Node[], targets: readonly Node[]) => Node;

const total = (terms: readonly Node[]): Node => terms.reduce((sumSoFar, term) => add(sumSoFar, term));

export const distances = {
  /** Σ ‖g - g*‖² over all tensors (DLG, iDLG). */
  l2: (gradients, targets) => total(gradients.map((g, i) => sum(square(sub(g, targets[i]!))))),
  /** 1 - ⟨g, g*⟩ / (‖g‖ ‖g*‖) over the concatenation of all tensors (Inverting Gradients). */
  cosine: (gradients, targets) => {
    const inner = total(gradients.map((g, i) => sum(mul(g, targets[i]!))));
    const norm = (list: readonly Node[]) => sqrt(total(list.map((g) => sum(square(g)))));
    return sub(1, div(inner, mul(norm(gradients), norm(targets))));
  },
} satisfies Record<string, Distance>;

export type DistanceName = keyof typeof distances;
