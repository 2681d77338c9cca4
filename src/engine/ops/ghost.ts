// Norms and inner products of weight gradients that are never formed (spec/engine.md section 3, "ghost form"): with G = dy·colᵀ,
// ‖G‖² = ⟨dyᵀdy, colᵀcol⟩ and ⟨G, T⟩ = ⟨dy, col-product with T⟩. Exact in theory; ‖G‖² - 2⟨G, T⟩ + ‖T‖² loses what lies below about
// 1e-6·‖T‖² in float32, so attacks that converge further must not use it.
import { sizeOf } from "../../math/tensor.js";
import { GraphError, type Node } from "../graph.js";
import { conv } from "./convolution.js";
import { unfolded } from "./convolution-forms.js";
import { mul } from "./elementwise.js";
import { reshape, transpose } from "./layout.js";
import { matmul } from "./matmul.js";
import { sum } from "./reduce.js";
import { windowOf } from "./window.js";

/**
 * Whether the ghost form costs less: two Gram matrices and, differentiated, two products with them, instead of one product of rows × columns
 * (what both forms do with the target is the same). spec/engine.md allows a batch about twice as large; on ResNet-18 at batch 16 that cost 3 %.
 */
const pays = (positions: number, rows: number, columns: number) => 3 * positions * (rows + columns) < rows * columns;

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

/** Whether the ghost form of a gradient exists and is cheaper than forming it. */
export const prefersGhost = (gradient: Node): boolean => factorsOf(gradient) !== null;

/** ‖gradient‖² by Gram matrices, a scalar. Throws GraphError where `prefersGhost` does not hold. */
export function ghostNorm(gradient: Node): Node {
  const { left, right } = requireFactors(gradient);
  const gram = (factor: Node) => matmul(factor, factor, { a: true });
  return sum(mul(gram(left), gram(right)));
}

/** ⟨gradient, target⟩ without forming `gradient`, a scalar. Throws GraphError where `prefersGhost` does not hold. */
export function ghostProduct(gradient: Node, target: Node): Node {
  const { left, right } = requireFactors(gradient);
  if (gradient.op !== "convWeightGrad") return sum(mul(left, matmul(target, right)));
  const [x, dy] = gradient.inputs as [Node, Node];
  return sum(mul(dy, conv(x, target, windowOf(gradient))));
}

function requireFactors(gradient: Node): Factors {
  const factors = factorsOf(gradient);
  if (factors) return factors;
  throw new GraphError(`the ghost form of ${gradient.op} [${gradient.shape}] does not exist or costs more; form it`);
}
