// Maximum over windows of images. Which pixel wins a window is a constant of the next order, so the derivatives of all orders are two linear
// maps: reading the winners, and adding up at the winners. A tie goes to the first pixel in row order, as in PyTorch.
import type { Node } from "../graph.js";
import type { Emitter, OpFamily } from "../rule.js";
import { type PoolOptions, type PoolWindow, poolingOf, reachOf } from "./pool-window.js";

const INT32 = 6;
/** The lowest float32: GPUs need not know infinities and NaN. */
const LOWEST = -3.4028234663852886e38;
const MAP_AXES = [2, 3];

const windowOf = (node: Node) => node.attributes as unknown as PoolWindow;

/** Entries of the largest kernel pooled at once; measured: 4×4 is 1.5 times faster at once, 5×5 is 1.1 to 1.8 times faster by axes. */
const LARGEST_AT_ONCE = 16;

/**
 * Largest value under every window: x [N, C, H, W] gives [N, C, Ho, Wo]. Throws GraphError when a number of the options is not whole or too
 * small, or a window sees no pixel.
 */
export function maxPool(x: Node, options: PoolOptions): Node {
  const { window, shape } = poolingOf("maxPool", x.shape, options);
  const { kernel, strides, pads, dilations } = window;
  if (kernel[0] > 1 && kernel[1] > 1 && kernel[0] * kernel[1] > LARGEST_AT_ONCE) {
    // The first row that holds the maximum, and the first column in it: the same winner, in kh + kw steps instead of kh · kw.
    const across = maxPool(x, {
      kernel: [1, kernel[1]],
      strides: [1, strides[1]],
      pads: [0, pads[1], 0, pads[3]],
      dilations: [1, dilations[1]],
    });
    return maxPool(across, {
      kernel: [kernel[0], 1],
      strides: [strides[0], 1],
      pads: [pads[0], 0, pads[2], 0],
      dilations: [dilations[0], 1],
    });
  }
  return x.graph.node("maxPool", [x], { ...window }, shape);
}

/** Position of every window's winner in its map, row · W + column; exact in float32 up to 2^24 pixels. Constant under differentiation. */
const winners = (pooled: Node): Node =>
  pooled.graph.node("winners", [pooled.inputs[0]!, pooled], { ...windowOf(pooled) }, pooled.shape);

/** Entries of `x` [N, C, H, W] at the positions `at` [N, C, Ho, Wo], the winners of a pool with this window. */
const readWinners = (x: Node, at: Node, window: PoolWindow): Node =>
  x.graph.node("readWinners", [x, at], { ...window }, at.shape);

/** Adjoint of `readWinners`: `y` [N, C, Ho, Wo] added up at the positions `at`, in maps of `extents`. */
const addAtWinners = (y: Node, at: Node, window: PoolWindow, extents: readonly number[]): Node =>
  y.graph.node("addAtWinners", [y, at], { ...window }, [...y.shape.slice(0, 2), ...extents]);

const isPadded = ({ pads }: PoolWindow) => pads.some((count) => count > 0);

/** Images framed by `value`. */
function framed(x: string, { pads: [top, left, bottom, right] }: PoolWindow, value: number, emitter: Emitter): string {
  return emitter.node("Pad", [x, emitter.integers([0, 0, top, left, 0, 0, bottom, right]), emitter.floats(value)]);
}

/** From `starts`, every `steps`-th entry of both axes of maps, `counts` of them. */
function strided(
  x: string,
  starts: readonly number[],
  counts: readonly number[],
  steps: readonly number[],
  emitter: Emitter,
): string {
  const ends = starts.map((start, axis) => start + (counts[axis]! - 1) * steps[axis]! + 1);
  return emitter.node("Slice", [x, ...[starts, ends, MAP_AXES, steps].map((list) => emitter.integers(list))]);
}

/** Maps [N, C, H, W] as rows [N · C, H · W]. */
const asRows = (x: string, { shape }: Node, emitter: Emitter) =>
  emitter.node("Reshape", [x, emitter.integers([shape[0]! * shape[1]!, -1])]);

const asIndices = (x: string, emitter: Emitter) => emitter.node("Cast", [x], { to: INT32 });

export const maxPoolOps: OpFamily = {
  maxPool: {
    gradient: (node, adjoint) => [addAtWinners(adjoint, winners(node), windowOf(node), node.inputs[0]!.shape.slice(2))],
    emit: (node, emitter) => {
      const window = windowOf(node);
      const { kernel, strides, dilations } = window;
      // The runtime takes no padding as large as the kernel, which a dilated window may have.
      const frames = window.pads.some((count, side) => count >= kernel[side % 2]!);
      const x = emitter.nameOf(node.inputs[0]!);
      return emitter.node("MaxPool", [frames ? framed(x, window, -Infinity, emitter) : x], {
        kernel_shape: [...kernel],
        strides: [...strides],
        dilations: [...dilations],
        pads: frames ? [0, 0, 0, 0] : [...window.pads],
      });
    },
  },
  winners: {
    gradient: () => [null, null],
    // From the last entry of the windows to the first, so that the first of equals stays. Slower: MaxPool's own Indices (2 times).
    emit: (node, emitter) => {
      const [x, pooled] = node.inputs as [Node, Node];
      const window = windowOf(node);
      const { kernel, strides, pads, dilations } = window;
      const [height, width] = x.shape.slice(2) as [number, number];
      const counts = node.shape.slice(2) as [number, number];
      // NaN equals nothing, so that padding wins no window, not even one of -∞ only.
      const exact = !emitter.lacks("Equal");
      const source = isPadded(window)
        ? framed(emitter.nameOf(x), window, exact ? Number.NaN : LOWEST, emitter)
        : emitter.nameOf(x);
      let offset: string | undefined;
      for (let row = kernel[0] - 1; row >= 0; row--)
        for (let column = kernel[1] - 1; column >= 0; column--) {
          const start = [row * dilations[0], column * dilations[1]] as const;
          const own = emitter.floats(start[0] * width + start[1]);
          const seen = strided(source, start, counts, strides, emitter);
          const compared = [seen, emitter.nameOf(pooled)];
          offset = exact
            ? emitter.node("Where", [emitter.node("Equal", compared), own, offset ?? own])
            : emitter.node("Where", [emitter.node("Less", compared), offset ?? own, own]);
        }
      const corners = Float64Array.from({ length: counts[0] * counts[1] }, (_, i) => {
        const [row, column] = [Math.floor(i / counts[1]), i % counts[1]];
        return (row * strides[0] - pads[0]) * width + column * strides[1] - pads[1];
      });
      const position = emitter.node("Add", [offset!, emitter.floats({ shape: counts, data: corners })]);
      // Under a window with NaN nobody wins, and the last entry is taken; it must still be a pixel.
      return emitter.node("Clip", [position, emitter.floats(0), emitter.floats(height * width - 1)]);
    },
  },
  readWinners: {
    gradient: (node, adjoint) => {
      const [x, at] = node.inputs as [Node, Node];
      return [addAtWinners(adjoint, at, windowOf(node), x.shape.slice(2)), null];
    },
    emit: (node, emitter) => {
      const [x, at] = node.inputs as [Node, Node];
      const positions = asRows(asIndices(emitter.nameOf(at), emitter), at, emitter);
      const read = emitter.node("GatherElements", [asRows(emitter.nameOf(x), x, emitter), positions], { axis: 1 });
      return emitter.node("Reshape", [read, emitter.integers(node.shape)]);
    },
  },
  addAtWinners: {
    gradient: (node, adjoint) => [readWinners(adjoint, node.inputs[1]!, windowOf(node)), null],
    // Windows of one class are too far apart to share a winner, so each class is written at once; classes are added.
    emit: (node, emitter) => {
      const [y, at] = node.inputs as [Node, Node];
      const window = windowOf(node);
      const [batch, channels, height, width] = node.shape as [number, number, number, number];
      const counts = y.shape.slice(2);
      const classes = ([0, 1] as const).map((axis) =>
        Math.min(counts[axis]!, Math.ceil(reachOf(window, axis) / window.strides[axis])),
      ) as [number, number];
      const none = emitter.node("Expand", [emitter.floats(0), emitter.integers([batch * channels, height * width])]);
      let total: string | undefined;
      for (let row = 0; row < classes[0]; row++)
        for (let column = 0; column < classes[1]; column++) {
          const starts = [row, column];
          const size = counts.map((count, axis) => Math.ceil((count - starts[axis]!) / classes[axis]!));
          const alone = classes[0] * classes[1] === 1;
          const pick = (x: string) => asRows(alone ? x : strided(x, starts, size, classes, emitter), node, emitter);
          const placed = emitter.node(
            "ScatterElements",
            [none, asIndices(pick(emitter.nameOf(at)), emitter), pick(emitter.nameOf(y))],
            { axis: 1 },
          );
          total = total === undefined ? placed : emitter.node("Add", [total, placed]);
        }
      return emitter.node("Reshape", [total!, emitter.integers(node.shape)]);
    },
  },
};
