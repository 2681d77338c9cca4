// Geometry of pooling windows, as in PyTorch: what each window sees along an axis, and how many there are.
import type { Shape } from "../../math/tensor.js";
import { GraphError } from "../graph.js";
import { requireImages } from "./axis-map.js";
import type { Window } from "./window.js";

export interface PoolOptions extends Partial<Omit<Window, "groups">> {
  /** Rows, columns. */
  readonly kernel: readonly [number, number];
  /** Whether a last window that reaches beyond the padding counts, if it starts before it. Default false. */
  readonly ceil?: boolean;
}

/** A window with all choices made: `pads` reach as far as the last window does. */
export interface PoolWindow extends Omit<Window, "groups"> {
  readonly kernel: readonly [number, number];
}

/** What one window sees along an axis. */
interface Sight {
  /** Input positions under its entries. */
  readonly positions: readonly number[];
  /** Entries over the input or over the padding asked for. */
  readonly entries: number;
}

interface Pooling {
  readonly window: PoolWindow;
  /** One list per axis, with one sight per output position. */
  readonly sights: readonly [readonly Sight[], readonly Sight[]];
  readonly shape: Shape;
}

/** Positions from the first to the last entry of a window. */
export const reachOf = ({ kernel, dilations }: Pick<PoolWindow, "kernel" | "dilations">, axis: 0 | 1): number =>
  dilations[axis] * (kernel[axis] - 1) + 1;

/** Throws GraphError, naming `op` and `name`, unless all `values` are whole numbers of at least `least`. */
export function requireWhole(op: string, name: string, values: readonly number[], least: number): void {
  if (values.every((value) => Number.isInteger(value) && value >= least)) return;
  throw new GraphError(`${op}: expected ${name} of whole numbers from ${least}, got [${values}]`);
}

/**
 * Windows over images `shape` [N, C, H, W]. Strides default to the kernel, padding to none. Throws GraphError, naming `op`, when the input
 * is no image, a number is not whole or too small, or a window sees nothing of the input.
 */
export function poolingOf(op: string, shape: Shape, options: PoolOptions): Pooling {
  const { kernel, strides = kernel, pads = [0, 0, 0, 0], dilations = [1, 1], ceil = false } = options;
  requireImages(op, shape);
  for (const [name, values] of Object.entries({ kernel, strides, dilations })) requireWhole(op, name, values, 1);
  requireWhole(op, "pads", pads, 0);
  const along = (axis: 0 | 1) => {
    const input = shape[axis + 2]!;
    const [stride, before, after] = [strides[axis], pads[axis], pads[axis + 2]!];
    const reach = reachOf({ kernel, dilations }, axis);
    const room = (input + before + after - reach) / stride;
    const rounded = (ceil ? Math.ceil(room) : Math.floor(room)) + 1;
    // PyTorch drops a window of ceil mode that would start in the padding behind the input.
    const count = ceil && (rounded - 1) * stride >= input + before ? rounded - 1 : rounded;
    const sights = Array.from({ length: Math.max(0, count) }, (_, output): Sight => {
      const places = Array.from({ length: kernel[axis] }, (_, k) => output * stride - before + k * dilations[axis]);
      return {
        positions: places.filter((place) => place >= 0 && place < input),
        entries: places.filter((place) => place < input + after).length,
      };
    });
    if (count < 1 || sights.some(({ positions }) => positions.length === 0)) {
      throw new GraphError(
        `${op}: a window [${kernel}] with strides [${strides}], pads [${pads}] and dilations [${dilations}] sees nothing of [${shape}]`,
      );
    }
    return { sights, last: Math.max(0, (count - 1) * stride + reach - input - before) };
  };

  const [rows, columns] = [along(0), along(1)];
  return {
    window: { kernel, strides, pads: [pads[0], pads[1], rows.last, columns.last], dilations },
    sights: [rows.sights, columns.sights],
    shape: [shape[0]!, shape[1]!, rows.sights.length, columns.sights.length],
  };
}
