// Two-dimensional convolution as a closed trilinear family (spec/engine.md section 4): the gradient rule of each member is the
// other two, so any order of differentiation works. x [N, Ci, H, W], w [Co, Ci/groups, Kh, Kw], y [N, Co, Ho, Wo].
import { GraphError, type Node } from "../graph.js";
import type { Emitter, OpFamily } from "../rule.js";
import { lowerConv, lowerConvInputGrad, lowerConvWeightGrad } from "./convolution-matmul.js";
import { type Window, windowOf } from "./window.js";

/** Extent of the output along spatial axis 0 (rows) or 1 (columns). */
function outputExtent(axis: 0 | 1, input: number, kernel: number, window: Window): number {
  const padded = input + window.pads[axis] + window.pads[axis + 2]!;
  return Math.floor((padded - window.dilations[axis] * (kernel - 1) - 1) / window.strides[axis]) + 1;
}

const attributesOf = (window: Window) => ({
  strides: window.strides,
  pads: window.pads,
  dilations: window.dilations,
  groups: window.groups,
});

/** y = x ∗ w (cross-correlation, as everywhere in deep learning). */
export function conv(x: Node, w: Node, window: Window): Node {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const [filters, perGroup, rows, columns] = w.shape as [number, number, number, number];
  if (x.shape.length !== 4 || w.shape.length !== 4 || perGroup * window.groups !== channels) {
    throw new GraphError(`conv: input [${x.shape}] and weight [${w.shape}] do not fit with ${window.groups} group(s)`);
  }
  const shape = [batch, filters, outputExtent(0, height, rows, window), outputExtent(1, width, columns, window)];
  if (shape[2]! < 1 || shape[3]! < 1) throw new GraphError(`conv: the window [${w.shape}] is larger than [${x.shape}]`);
  return x.graph.node("conv", [x, w], attributesOf(window), shape);
}

/** Adjoint of `conv` in its input: dx of the given shape from dy and w. */
export function convInputGrad(dy: Node, w: Node, window: Window, inputShape: readonly number[]): Node {
  return dy.graph.node("convInputGrad", [dy, w], { ...attributesOf(window), size: inputShape.slice(2) }, inputShape);
}

/** Adjoint of `conv` in its weight: dw of the given shape from x and dy. */
export function convWeightGrad(x: Node, dy: Node, window: Window, weightShape: readonly number[]): Node {
  return x.graph.node(
    "convWeightGrad",
    [x, dy],
    { ...attributesOf(window), kernel: weightShape.slice(2) },
    weightShape,
  );
}

// Up to this many channels the weight gradient is one convolution with batch and channels swapped; beyond it im2col + Gemm wins.
const SWAPPED_CHANNEL_LIMIT = 32;

function onnxWindow(window: Window, kernel: readonly number[]) {
  return {
    strides: [...window.strides],
    pads: [...window.pads],
    dilations: [...window.dilations],
    group: window.groups,
    kernel_shape: [...kernel],
  };
}

/** dw as a convolution of swapped x by swapped dy: strides and dilations trade places, the surplus border is cropped. */
function emitSwapped(node: Node, emitter: Emitter): string {
  const [x, dy] = node.inputs as [Node, Node];
  const window = windowOf(node);
  const swap = (name: string) => emitter.node("Transpose", [name], { perm: [1, 0, 2, 3] });
  const kernel = node.shape.slice(2) as [number, number];
  // The far padding that makes the result exactly as large as the kernel; negative means that x has rows nobody looks at.
  const after = ([0, 1] as const).map((axis) => {
    const reach = window.strides[axis] * (dy.shape[axis + 2]! - 1) + window.dilations[axis] * (kernel[axis] - 1) + 1;
    return reach - x.shape[axis + 2]! - window.pads[axis];
  });
  let source = emitter.nameOf(x);
  if (after.some((count) => count < 0)) {
    const ends = after.map((count, axis) => x.shape[axis + 2]! + Math.min(0, count));
    source = emitter.node("Slice", [
      source,
      emitter.integers([0, 0]),
      emitter.integers(ends),
      emitter.integers([2, 3]),
    ]);
  }
  const swapped = emitter.node("Conv", [swap(source), swap(emitter.nameOf(dy))], {
    strides: [...window.dilations],
    dilations: [...window.strides],
    pads: [window.pads[0], window.pads[1], ...after.map((count) => Math.max(0, count))],
    kernel_shape: dy.shape.slice(2),
  });
  return swap(swapped);
}

export const convolutionOps: OpFamily = {
  conv: {
    gradient: (node, dy) => {
      const [x, w] = node.inputs as [Node, Node];
      return [convInputGrad(dy, w, windowOf(node), x.shape), convWeightGrad(x, dy, windowOf(node), w.shape)];
    },
    emit: (node, emitter) => {
      const [x, w] = node.inputs as [Node, Node];
      return emitter.node("Conv", [emitter.nameOf(x), emitter.nameOf(w)], onnxWindow(windowOf(node), w.shape.slice(2)));
    },
    lower: (node, dtype) => (dtype === "float64" ? lowerConv(node) : null),
  },
  convInputGrad: {
    gradient: (node, dx) => {
      const [dy, w] = node.inputs as [Node, Node];
      return [conv(dx, w, windowOf(node)), convWeightGrad(dx, dy, windowOf(node), w.shape)];
    },
    emit: (node, emitter) => {
      const [dy, w] = node.inputs as [Node, Node];
      const window = windowOf(node);
      const missing = ([0, 1] as const).map((axis) => {
        const reach =
          window.strides[axis] * (dy.shape[axis + 2]! - 1) + window.dilations[axis] * (w.shape[axis + 2]! - 1) + 1;
        return node.shape[axis + 2]! + window.pads[axis] + window.pads[axis + 2]! - reach;
      });
      return emitter.node("ConvTranspose", [emitter.nameOf(dy), emitter.nameOf(w)], {
        ...onnxWindow(window, w.shape.slice(2)),
        output_padding: missing,
      });
    },
    lower: (node, dtype) => (dtype === "float64" ? lowerConvInputGrad(node) : null),
  },
  convWeightGrad: {
    gradient: (node, dw) => {
      const [x, dy] = node.inputs as [Node, Node];
      return [convInputGrad(dy, dw, windowOf(node), x.shape), conv(x, dw, windowOf(node))];
    },
    emit: emitSwapped,
    lower: (node, dtype) =>
      dtype === "float64" || node.inputs[0]!.shape[1]! > SWAPPED_CHANNEL_LIMIT ? lowerConvWeightGrad(node) : null,
  },
};
