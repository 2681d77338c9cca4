// The convolution family as matrix products over an im2col matrix, made of slices. Used in float64, where the runtime's CPU has no
// Conv, and for wide weight gradients. Hash-consing shares one im2col matrix between a convolution and its weight gradient.
import { GraphError, type Node } from "../graph.js";
import { concat, embed, pad, reshape, slice, transpose } from "./layout.js";
import { matmul } from "./matmul.js";
import { type Window, windowOf } from "./window.js";

interface Geometry {
  readonly window: Window;
  readonly kernel: readonly [number, number];
  readonly output: readonly [number, number];
}

function requireOneGroup(node: Node): Window {
  const window = windowOf(node);
  if (window.groups !== 1) throw new GraphError(`${node.op}: ${window.groups} groups have no matrix form yet`);
  return window;
}

/** Columns of x: [N, Ci, H, W] to [Ci·Kh·Kw, N·Ho·Wo], entry order (kernel row, kernel column, channel) by (n, row, column). */
function columns(x: Node, { window, kernel, output }: Geometry): Node {
  const [batch, channels] = x.shape as [number, number];
  const [top, left, bottom, right] = window.pads;
  // Channels first, so that every kernel offset is one block of rows of the matrix.
  const padded = pad(transpose(x, [1, 0, 2, 3]), [0, 0, top, left], [0, 0, bottom, right]);
  const blocks: Node[] = [];
  for (let row = 0; row < kernel[0]; row++) {
    for (let column = 0; column < kernel[1]; column++) {
      const starts = [0, 0, row * window.dilations[0], column * window.dilations[1]];
      blocks.push(slice(padded, starts, [channels, batch, output[0], output[1]], [1, 1, ...window.strides]));
    }
  }
  return reshape(concat(blocks, 0), [kernel[0] * kernel[1] * channels, batch * output[0] * output[1]]);
}

/** [Co, Ci, Kh, Kw] as a matrix [Co, Kh·Kw·Ci] in the entry order of `columns`. */
function weightMatrix(w: Node): Node {
  const [filters, channels, rows, columnCount] = w.shape as [number, number, number, number];
  return reshape(transpose(w, [0, 2, 3, 1]), [filters, rows * columnCount * channels]);
}

/** [N, C, H, W] as a matrix [C, N·H·W]. */
const channelRows = (x: Node): Node => {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  return reshape(transpose(x, [1, 0, 2, 3]), [channels, batch * height * width]);
};

/** The inverse of `channelRows`. */
const fromChannelRows = (matrix: Node, [batch, channels, height, width]: readonly number[]): Node =>
  transpose(reshape(matrix, [channels!, batch!, height!, width!]), [1, 0, 2, 3]);

const spatial = (shape: readonly number[]): [number, number] => [shape[2]!, shape[3]!];

export function lowerConv(node: Node): Node {
  const [x, w] = node.inputs as [Node, Node];
  const geometry = { window: requireOneGroup(node), kernel: spatial(w.shape), output: spatial(node.shape) };
  return fromChannelRows(matmul(weightMatrix(w), columns(x, geometry)), node.shape);
}

export function lowerConvWeightGrad(node: Node): Node {
  const [x, dy] = node.inputs as [Node, Node];
  const [filters, channels, rows, columnCount] = node.shape as [number, number, number, number];
  const geometry = { window: requireOneGroup(node), kernel: spatial(node.shape), output: spatial(dy.shape) };
  const matrix = matmul(channelRows(dy), columns(x, geometry), { b: true });
  return transpose(reshape(matrix, [filters, rows, columnCount, channels]), [0, 3, 1, 2]);
}

/** dx as a stride-1 convolution of the zero-spread dy with the kernel turned by 180 degrees and its channels swapped. */
export function lowerConvInputGrad(node: Node): Node {
  const [dy, w] = node.inputs as [Node, Node];
  const window = requireOneGroup(node);
  const [batch, channels, height, width] = node.shape as [number, number, number, number];
  const [filters, , rows, columnCount] = w.shape as [number, number, number, number];
  // dx[h] = Σ_k w[k] · spread[h + pad - dilation·k]; read backwards, the spread map needs reach - pad zeros in front.
  const reach = [window.dilations[0] * (rows - 1), window.dilations[1] * (columnCount - 1)] as const;
  const extents = [height + reach[0], width + reach[1]] as const;
  const spreadSize = [0, 1].map((axis) => (dy.shape[axis + 2]! - 1) * window.strides[axis]! + 1);
  const spread = embed(
    transpose(dy, [1, 0, 2, 3]),
    [filters, batch, spreadSize[0]!, spreadSize[1]!],
    [0, 0, 0, 0],
    [1, 1, ...window.strides],
  );
  const before = [reach[0] - window.pads[0], reach[1] - window.pads[1]] as const;
  const after = [0, 1].map((axis) => extents[axis]! - before[axis]! - spreadSize[axis]!);
  const padded = pad(spread, [0, 0, ...before], [0, 0, ...after]);
  const blocks: Node[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columnCount; column++) {
      const starts = [0, 0, reach[0] - row * window.dilations[0], reach[1] - column * window.dilations[1]];
      blocks.push(slice(padded, starts, [filters, batch, height, width]));
    }
  }
  const matrix = reshape(concat(blocks, 0), [rows * columnCount * filters, batch * height * width]);
  const kernel = reshape(transpose(w, [1, 2, 3, 0]), [channels, rows * columnCount * filters]);
  return fromChannelRows(matmul(kernel, matrix), node.shape);
}
