// The convolution family as matrix products over gathered rows. Used in float64, where the runtime's CPU has no Conv, and for wide
// weight gradients. Channels are innermost, so that a row is one contiguous run; hash-consing shares the rows of a convolution with
// its weight gradient. No scatter: the runtime's ScatterND loses sums when it runs on several threads.
import { GraphError, type Node } from "../graph.js";
import { gatherRows, phasesOf, type WindowGeometry } from "./gather-rows.js";
import { reshape, slice, transpose } from "./layout.js";
import { matmul } from "./matmul.js";
import { windowOf } from "./window.js";

type Extents = readonly [number, number, number, number];

/** The geometry of `node`, a member of the family over these three operands. */
function geometryOf(node: Node, x: Extents, w: Extents, y: Extents): WindowGeometry {
  const { groups, ...window } = windowOf(node);
  if (groups !== 1) throw new GraphError(`${node.op}: ${groups} groups have no matrix form yet`);
  const [input, kernel, output] = [x, w, y].map(([, , rows, columns]) => [rows, columns] as const);
  return {
    ...{ strides: window.strides, pads: window.pads, dilations: window.dilations },
    ...{ batch: x[0], input: input!, kernel: kernel!, output: output! },
  };
}

const extentsOf = (node: Node) => node.shape as Extents;

/** [N, C, H, W] as rows [N·H·W, C]. */
function pixelRows(x: Node): Node {
  const [batch, channels, height, width] = extentsOf(x);
  return reshape(transpose(x, [0, 2, 3, 1]), [batch * height * width, channels]);
}

/** [N, C, H, W] as a matrix [C, N·H·W]. */
function channelRows(x: Node): Node {
  const [batch, channels, height, width] = extentsOf(x);
  return reshape(transpose(x, [1, 0, 2, 3]), [channels, batch * height * width]);
}

/** What every output position sees: [N, Ci, H, W] to [N·Ho·Wo, Kh·Kw·Ci]. */
function windowRows(x: Node, geometry: WindowGeometry): Node {
  const { batch, kernel, output } = geometry;
  const rows = gatherRows(pixelRows(x), "window", geometry);
  return reshape(rows, [batch * output[0] * output[1], kernel[0] * kernel[1] * x.shape[1]!]);
}

export function lowerConv(node: Node): Node {
  const [x, w] = node.inputs as [Node, Node];
  const [batch, filters, height, width] = extentsOf(node);
  const rows = windowRows(x, geometryOf(node, extentsOf(x), extentsOf(w), extentsOf(node)));
  const weight = reshape(transpose(w, [0, 2, 3, 1]), [filters, rows.shape[1]!]);
  const product = matmul(weight, rows, { b: true });
  return transpose(reshape(product, [filters, batch, height, width]), [1, 0, 2, 3]);
}

export function lowerConvWeightGrad(node: Node): Node {
  const [x, dy] = node.inputs as [Node, Node];
  const [filters, channels, height, width] = extentsOf(node);
  const rows = windowRows(x, geometryOf(node, extentsOf(x), extentsOf(node), extentsOf(dy)));
  const product = matmul(channelRows(dy), rows);
  return transpose(reshape(product, [filters, height, width, channels]), [0, 3, 1, 2]);
}

/**
 * Input positions of one phase (position modulo stride) are reached by the same kernel entries, so each phase is a matrix product
 * of its own, without the zeros that a spread-out dy would have.
 */
export function lowerConvInputGrad(node: Node): Node {
  const [dy, w] = node.inputs as [Node, Node];
  const [batch, channels, height, width] = extentsOf(node);
  const geometry = geometryOf(node, extentsOf(node), extentsOf(w), extentsOf(dy));
  const [filters, , kernelRows, kernelColumns] = extentsOf(w);
  const [rows, columns] = phasesOf(geometry);
  const phases = rows.count * columns.count;
  const positions = batch * rows.positions * columns.positions;
  const depth = rows.taps * columns.taps * filters;
  const gathered = reshape(gatherRows(pixelRows(dy), "adjoint", geometry), [phases, positions, depth]);
  const entries = reshape(transpose(w, [2, 3, 0, 1]), [kernelRows * kernelColumns, filters * channels]);
  const weight = reshape(gatherRows(entries, "kernel", geometry), [phases, depth, channels]);
  const product = reshape(matmul(gathered, weight), [
    ...[rows.count, columns.count, batch, rows.positions, columns.positions, channels],
  ]);
  const woven = reshape(transpose(product, [2, 5, 3, 0, 4, 1]), [
    ...[batch, channels, rows.positions * rows.count, columns.positions * columns.count],
  ]);
  return slice(woven, [0, 0, 0, 0], [batch, channels, height, width]);
}
