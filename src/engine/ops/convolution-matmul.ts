// The convolution family as matrix products over gathered rows. Used in float64, where the runtime's CPU has no Conv, and where the
// policy says so. Channels are innermost, so that a row is one contiguous run; hash-consing shares the rows of a convolution with
// its weight gradient. No scatter: the runtime's ScatterND loses sums when it runs on several threads.
import type { Node } from "../graph.js";
import { gatherRows, phasesOf, type WindowGeometry } from "./gather-rows.js";
import { reshape, slice, transpose } from "./layout.js";
import { matmul } from "./matmul.js";
import { windowOf } from "./window.js";

type Extents = readonly [number, number, number, number];

/** The geometry of `node`, a member of the family over these three operands. */
function geometryOf(node: Node, x: Extents, w: Extents, y: Extents): WindowGeometry {
  const { strides, pads, dilations } = windowOf(node);
  const [input, kernel, output] = [x, w, y].map(([, , rows, columns]) => [rows, columns] as const);
  return { strides, pads, dilations, batch: x[0], input: input!, kernel: kernel!, output: output! };
}

const extentsOf = (node: Node) => node.shape as Extents;
const groupsOf = (node: Node) => windowOf(node).groups;

/** A stack of one matrix as the matrix, so that products without groups are plain. */
const single = (stack: Node) => (stack.shape[0] === 1 ? reshape(stack, stack.shape.slice(1)) : stack);

/** [N, C, H, W] as rows [N·H·W, C]. */
function pixelRows(x: Node): Node {
  const [batch, channels, height, width] = extentsOf(x);
  return reshape(transpose(x, [0, 2, 3, 1]), [batch * height * width, channels]);
}

/** What every output position sees: [N, Ci, H, W] to [groups, N·Ho·Wo, Kh·Kw·Ci/groups]. */
function windowRows(x: Node, geometry: WindowGeometry, groups: number): Node {
  const { batch, kernel, output } = geometry;
  const [positions, taps, depth] = [batch * output[0] * output[1], kernel[0] * kernel[1], x.shape[1]! / groups];
  const rows = reshape(gatherRows(pixelRows(x), "window", geometry), [positions, taps, groups, depth]);
  return single(reshape(transpose(rows, [2, 0, 1, 3]), [groups, positions, taps * depth]));
}

export function matrixConv(node: Node): Node {
  const [x, w] = node.inputs as [Node, Node];
  const [batch, filters, height, width] = extentsOf(node);
  const groups = groupsOf(node);
  const rows = windowRows(x, geometryOf(node, extentsOf(x), extentsOf(w), extentsOf(node)), groups);
  const depth = rows.shape[rows.shape.length - 1]!;
  const weight = single(reshape(transpose(w, [0, 2, 3, 1]), [groups, filters / groups, depth]));
  const product = matmul(weight, rows, { b: true });
  return transpose(reshape(product, [filters, batch, height, width]), [1, 0, 2, 3]);
}

export function matrixConvWeightGrad(node: Node): Node {
  const [x, dy] = node.inputs as [Node, Node];
  const [filters, depth, height, width] = extentsOf(node);
  const groups = groupsOf(node);
  const rows = windowRows(x, geometryOf(node, extentsOf(x), extentsOf(node), extentsOf(dy)), groups);
  const positions = rows.shape[rows.shape.length - 2]!;
  const channels = single(reshape(transpose(dy, [1, 0, 2, 3]), [groups, filters / groups, positions]));
  const product = matmul(channels, rows);
  return transpose(reshape(product, [filters, height, width, depth]), [0, 3, 1, 2]);
}

/**
 * Input positions of one phase (position modulo stride) are reached by the same kernel entries, so each phase is a matrix product
 * of its own, without the zeros that a spread-out dy would have.
 */
export function matrixConvInputGrad(node: Node): Node {
  const [dy, w] = node.inputs as [Node, Node];
  const [batch, channels, height, width] = extentsOf(node);
  const groups = groupsOf(node);
  const geometry = geometryOf(node, extentsOf(node), extentsOf(w), extentsOf(dy));
  const [filters, depth, kernelRows, kernelColumns] = extentsOf(w);
  const [rows, columns] = phasesOf(geometry);
  const phases = rows.count * columns.count;
  const positions = batch * rows.positions * columns.positions;
  const taps = rows.taps * columns.taps;
  const perGroup = filters / groups;
  const inner = taps * perGroup;
  const seen = reshape(gatherRows(pixelRows(dy), "adjoint", geometry), [phases, positions, taps, groups, perGroup]);
  const gathered = reshape(transpose(seen, [0, 3, 1, 2, 4]), [phases * groups, positions, inner]);
  const entries = reshape(transpose(w, [2, 3, 0, 1]), [kernelRows * kernelColumns, filters * depth]);
  const reaching = reshape(gatherRows(entries, "kernel", geometry), [phases, taps, groups, perGroup, depth]);
  const weight = reshape(transpose(reaching, [0, 2, 1, 3, 4]), [phases * groups, inner, depth]);
  const product = reshape(matmul(gathered, weight), [
    ...[rows.count, columns.count, groups, batch, rows.positions, columns.positions, depth],
  ]);
  const woven = reshape(transpose(product, [3, 2, 6, 4, 0, 5, 1]), [
    ...[batch, channels, rows.positions * rows.count, columns.positions * columns.count],
  ]);
  return slice(woven, [0, 0, 0, 0], [batch, channels, height, width]);
}
