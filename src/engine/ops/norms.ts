// Norms, cosine similarity and total variation, made of other ops. Where a norm has a corner (at zero) its derivatives are zero, as in PyTorch,
// so that no flat image or empty gradient turns a search into NaN.
import { GraphError, type Node } from "../graph.js";
import { abs, add, div, isPositive, mul, sqrt, square, sub } from "./elementwise.js";
import { embed, slice } from "./layout.js";
import { sum } from "./reduce.js";

/** Σ |x| over `axes` (default: all, giving a scalar); the axes vanish. */
export const l1Norm = (x: Node, axes?: readonly number[]): Node => sum(abs(x), axes);

/** √x for x of 0 or more where `positive`, the mask of x, is 1; elsewhere 1, with derivatives 0. */
const rootOrOne = (x: Node, positive: Node): Node => sqrt(add(x, sub(1, positive)));

/** √Σ x² over `axes` (default: all, giving a scalar); the axes vanish. Derivatives are 0 where the norm is. */
export function l2Norm(x: Node, axes?: readonly number[]): Node {
  const squares = sum(square(x), axes);
  const positive = isPositive(squares);
  return mul(positive, rootOrOne(squares, positive));
}

/**
 * ⟨a, b⟩ / (‖a‖ ‖b‖) over `axes` (default: all, giving a scalar) of equally shaped a and b; the axes vanish. In [-1, 1] but for rounding; 0,
 * with derivatives 0, where either norm is 0. Throws GraphError when the shapes differ.
 */
export function cosineSimilarity(a: Node, b: Node, axes?: readonly number[]): Node {
  if (a.shape.join() !== b.shape.join()) {
    throw new GraphError(`cosineSimilarity: expected two nodes of one shape, got [${a.shape}] and [${b.shape}]`);
  }
  const squares = [a, b].map((x) => sum(square(x), axes)) as [Node, Node];
  const positive = squares.map(isPositive) as [Node, Node];
  // The product of roots, not the root of a product: squares of squares leave the range of float32.
  const norms = mul(rootOrOne(squares[0], positive[0]), rootOrOne(squares[1], positive[1]));
  return mul(mul(...positive), div(sum(mul(a, b), axes), norms));
}

export interface VariationOptions {
  /**
   * `l1`: mean |∂x| + mean |∂y|, each mean over its own differences (default). `squared`: the same of squares. `isotropic`: mean over all
   * pixels of √(∂x² + ∂y² + epsilon), differences past the last row or column being 0.
   */
  readonly form?: "l1" | "squared" | "isotropic";
  /** Rounds off the corner of `isotropic` at flat places; default 1e-8, above 0. */
  readonly epsilon?: number;
}

/** Each pixel of [N, C, H, W] subtracted from the next along `axis`: one fewer there. */
function change(x: Node, axis: number): Node {
  const sizes = x.shape.map((extent, i) => (i === axis ? extent - 1 : extent));
  const starts = (first: number) => x.shape.map((_, i) => (i === axis ? first : 0));
  return sub(slice(x, starts(1), sizes), slice(x, starts(0), sizes));
}

const mean = (x: Node): Node => mul(1 / x.shape.reduce((size, extent) => size * extent, 1), sum(x));

/**
 * Total variation of images [N, C, H, W], a scalar (Rudin et al. 1992). Throws GraphError for another rank, for images of one pixel, and for
 * an epsilon that is not above 0.
 */
export function totalVariation(x: Node, { form = "l1", epsilon = 1e-8 }: VariationOptions = {}): Node {
  const axes = [2, 3].filter((axis) => x.shape[axis]! > 1);
  if (x.shape.length !== 4 || axes.length === 0) {
    throw new GraphError(`totalVariation: expected images [N, C, H, W] of two pixels or more, got [${x.shape}]`);
  }
  if (!(epsilon > 0)) throw new GraphError(`totalVariation: expected an epsilon above 0, got ${epsilon}`);
  const changes = axes.map((axis) => change(x, axis));
  const total = (terms: readonly Node[]) => terms.reduce((sumSoFar, term) => add(sumSoFar, term));
  if (form === "l1") return total(changes.map((each) => mean(abs(each))));
  if (form === "squared") return total(changes.map((each) => mean(square(each))));
  const origin = [0, 0, 0, 0];
  return mean(sqrt(add(total(changes.map((each) => embed(square(each), x.shape, origin))), epsilon)));
}
