// Norms and inner products of weight gradients that are never formed (spec/engine.md section 3, "ghost form"): with G = dy·colᵀ,
// ‖G‖² = ⟨dyᵀdy, colᵀcol⟩ and ⟨G, T⟩ = ⟨dy, col-product with T⟩. Exact in theory; ‖G‖² - 2⟨G, T⟩ + ‖T‖² loses what lies below about
// 1e-6·‖T‖² in float32, so attacks that converge further must not use it.
import { sizeOf } from "../../math/tensor.js";
import type { Node } from "../graph.js";
import { conv } from "./convolution.js";
import { unfolded } from "./convolution-forms.js";
import { mul, square } from "./elementwise.js";
import { reshape, transpose } from "./layout.js";
import { matmul } from "./matmul.js";
import { sum } from "./reduce.js";
import { windowOf } from "./window.js";

/** A product of matrices costs the ghost form about this share of what it costs per number, as measured. */
const GHOST_COST = 1.2;

/** Whether two Gram matrices of `positions` rows cost less than a gradient of rows × columns. */
const pays = (positions: number, rows: number, columns: number) =>
  2 * positions * (rows + columns) < GHOST_COST * rows * columns;

/** The factors of a gradient that is a product left·rightᵀ over positions: [rows, positions] and [columns, positions]. */
interface Factors {
  readonly left: Node;
  readonly right: Node;
}

function factorsOf(gradient: Node): Factors | null {
  const [a, b] = gradient.inputs as [Node, Node];
  if (gradient.op === "convWeightGrad" && gradient.shape.length === 4 && windowOf(gradient).groups === 1) {
    const [filters, ...rest] = gradient.shape as [number, number, number, number];
    const positions = b.shape[0]! * sizeOf(b.shape.slice(2));
    if (!pays(positions, filters, sizeOf(rest))) return null;
    const seen = unfolded(a, gradient.shape, windowOf(gradient));
    return {
      left: reshape(transpose(b, [1, 0, 2, 3]), [filters, positions]),
      right: reshape(transpose(seen, [1, 0, 2]), [seen.shape[1]!, positions]),
    };
  }
  if (gradient.op === "matmul" && gradient.shape.length === 2) {
    const positions = sizeOf(a.shape) / gradient.shape[0]!;
    if (!pays(positions, gradient.shape[0]!, gradient.shape[1]!)) return null;
    const { a: flipA, b: flipB } = gradient.attributes;
    return { left: flipA ? transpose(a, [1, 0]) : a, right: flipB ? b : transpose(b, [1, 0]) };
  }
  return null;
}

/** ‖gradient‖², a scalar; by Gram matrices where `ghost` is set and that is cheaper. */
export function squaredNorm(gradient: Node, ghost = false): Node {
  const factors = ghost ? factorsOf(gradient) : null;
  if (!factors) return sum(square(gradient));
  const gram = (factor: Node) => matmul(factor, factor, { a: true });
  return sum(mul(gram(factors.left), gram(factors.right)));
}

/** ⟨gradient, target⟩, a scalar; without forming `gradient` where `ghost` is set and that is cheaper. */
export function innerProduct(gradient: Node, target: Node, ghost = false): Node {
  if (!ghost || !factorsOf(gradient)) return sum(mul(gradient, target));
  const [a, b] = gradient.inputs as [Node, Node];
  if (gradient.op === "convWeightGrad") return sum(mul(b, conv(a, target, windowOf(gradient))));
  const { left, right } = factorsOf(gradient)!;
  return sum(mul(left, matmul(target, right)));
}
