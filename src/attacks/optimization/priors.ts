// Image priors of spec/attacks-optimization.md 1.5 that need no network.
import { abs, add, mul, type Node, slice, sub, sum } from "../../engine/index.js";
import { sizeOf } from "../../math/tensor.js";

/** Anisotropic total variation `tv-l1`: mean |∂x| + mean |∂y| of images [N, C, H, W]; each mean over its own differences. */
export function totalVariation(x: Node): Node {
  const meanChange = (axis: 2 | 3): Node => {
    const sizes = x.shape.map((extent, i) => (i === axis ? extent - 1 : extent));
    const first = slice(x, [0, 0, 0, 0], sizes);
    const second = slice(
      x,
      x.shape.map((_, i) => (i === axis ? 1 : 0)),
      sizes,
    );
    return mul(1 / sizeOf(sizes), sum(abs(sub(second, first))));
  };
  return add(meanChange(2), meanChange(3));
}
