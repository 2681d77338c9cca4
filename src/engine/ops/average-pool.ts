// Means over windows of images, over bins, and over whole maps. All are linear, so no op has a gradient rule here.
import type { Node } from "../graph.js";
import { mapAxes, requireImages, type Taps } from "./axis-map.js";
import { mul } from "./elementwise.js";
import { type PoolOptions, poolingOf, requireWhole } from "./pool-window.js";
import { sum } from "./reduce.js";

export interface AveragePoolOptions extends PoolOptions {
  /** Whether padding counts in the divisor. Default true, as in PyTorch; what ceil mode adds beyond it never counts. */
  readonly countPadding?: boolean;
}

/** Mean of every window: x [N, C, H, W] gives [N, C, Ho, Wo]. Throws GraphError when a window sees no pixel. */
export function averagePool(x: Node, { countPadding = true, ...options }: AveragePoolOptions): Node {
  const [rows, columns] = poolingOf("averagePool", x.shape, options).sights.map((sights) =>
    sights.map(({ positions, entries }): Taps => {
      const divisor = countPadding ? entries : positions.length;
      return positions.map((position) => [position, 1 / divisor]);
    }),
  );
  return mapAxes(x, rows!, columns!);
}

/** Bin `i` of `count` holds positions ⌊i·n/count⌋ up to, not including, ⌈(i+1)·n/count⌉; bins may overlap. */
const binsOf = (extent: number, count: number): Taps[] =>
  Array.from({ length: count }, (_, bin) => {
    const start = Math.floor((bin * extent) / count);
    const size = Math.ceil(((bin + 1) * extent) / count) - start;
    return Array.from({ length: size }, (_, i): Taps[number] => [start + i, 1 / size]);
  });

/**
 * Means over a grid of `bins` (rows, columns) as PyTorch cuts them: [N, C, H, W] gives [N, C, ...bins]. Throws GraphError on other inputs
 * and when a number of bins is not whole and positive.
 */
export function adaptiveAveragePool(x: Node, bins: readonly [number, number]): Node {
  requireImages("adaptiveAveragePool", x.shape);
  requireWhole("adaptiveAveragePool", "bins", bins, 1);
  if (bins.join() === x.shape.slice(2).join()) return x;
  if (bins.join() === "1,1") return globalAveragePool(x);
  return mapAxes(x, binsOf(x.shape[2]!, bins[0]), binsOf(x.shape[3]!, bins[1]));
}

/** Mean of every map: [N, C, H, W] gives [N, C, 1, 1]. Throws GraphError on other inputs. */
export function globalAveragePool(x: Node): Node {
  requireImages("globalAveragePool", x.shape);
  return mul(1 / (x.shape[2]! * x.shape[3]!), sum(x, [2, 3], true));
}
