// Linear maps along the two axes of images with constant matrices, R X Cᵀ: what average pooling and resizing are. Two matrix products exist in
// both precisions, need no gradient rule, and cost as much as the runtime's own kernels do (64 maps of 32×32 halved: 0.05 ms either way).
import type { Shape, Tensor } from "../../math/tensor.js";
import { GraphError, type Node } from "../graph.js";
import { reshape } from "./layout.js";
import { matmul, swapLast } from "./matmul.js";

/** Weights of input positions in one output position; positions may repeat. */
export type Taps = readonly (readonly [position: number, weight: number])[];

/** The matrix [outputs, inputs] of one list of taps per output. */
function matrixOf(taps: readonly Taps[], inputs: number): Tensor {
  const data = new Float64Array(taps.length * inputs);
  taps.forEach((list, output) => {
    for (const [position, weight] of list) data[output * inputs + position]! += weight;
  });
  return { shape: [taps.length, inputs], data };
}

/** Throws GraphError, naming `op`, unless `shape` is that of images [N, C, H, W]. */
export function requireImages(op: string, shape: Shape): void {
  if (shape.length !== 4) throw new GraphError(`${op}: expected an input [N, C, H, W], got [${shape}]`);
}

/** Images [N, C, H, W] to [N, C, rows, columns], where each output is the weighted sum of the inputs that its row and its column name. */
export function mapAxes(x: Node, rows: readonly Taps[], columns: readonly Taps[]): Node {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const maps = batch * channels;
  const matrix = (taps: readonly Taps[], inputs: number) => x.graph.constant(matrixOf(taps, inputs));
  const across = matmul(reshape(x, [maps * height, width]), matrix(columns, width), { b: true });
  const upright = swapLast(reshape(across, [maps, height, columns.length]));
  const down = matmul(reshape(upright, [maps * columns.length, height]), matrix(rows, height), { b: true });
  return reshape(swapLast(reshape(down, [maps, columns.length, rows.length])), [
    batch,
    channels,
    rows.length,
    columns.length,
  ]);
}
