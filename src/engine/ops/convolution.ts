// Two-dimensional convolution as a closed trilinear family (spec/engine.md section 4): the gradient rule of each member is the
// other two, so any order of differentiation works. x [N, Ci, H, W], w [Co, Ci/groups, Kh, Kw] or in parts [P, Co, Ci/groups, Kh, Kw]
// (see parts.ts), y [N, Co, Ho, Wo]. How a member is computed for which shapes: convolution-policy.ts.
import type { Shape } from "../../math/tensor.js";
import { GraphError, type Node } from "../graph.js";
import type { Emitter, OpFamily } from "../rule.js";
import { samplesPerPart } from "./parts.js";
import { type Window, windowOf } from "./window.js";

/** Shape of `conv` for an input and a weight of these shapes. Throws GraphError where they do not fit. */
function outputShape(op: string, x: Shape, weight: Shape, { strides, pads, dilations, groups }: Window): Shape {
  const w = weight.length === 5 ? weight.slice(1) : weight;
  if (weight.length === 5) samplesPerPart(op, x[0]!, weight[0]!);
  if (x.length !== 4 || w.length !== 4 || w[1]! * groups !== x[1]! || w[0]! % groups !== 0) {
    throw new GraphError(`${op}: input [${x}] and weight [${w}] do not fit with ${groups} group(s)`);
  }
  const extents = ([0, 1] as const).map((axis) => {
    const room = x[axis + 2]! + pads[axis] + pads[axis + 2]! - dilations[axis] * (w[axis + 2]! - 1) - 1;
    return Math.floor(room / strides[axis]) + 1;
  });
  if (extents.some((extent) => extent < 1)) throw new GraphError(`${op}: the window [${w}] is larger than [${x}]`);
  return [x[0]!, w[0]!, ...extents];
}

/** Throws GraphError unless `dy` has the shape that `conv` gives for `x` and `w`. */
function requireOutput(op: string, dy: Shape, x: Shape, w: Shape, window: Window): void {
  const expected = outputShape(op, x, w, window);
  if (dy.join() === expected.join()) return;
  throw new GraphError(`${op}: input [${x}] and weight [${w}] give an output of [${expected}], got [${dy}]`);
}

const attributesOf = (window: Window) => ({
  strides: window.strides,
  pads: window.pads,
  dilations: window.dilations,
  groups: window.groups,
});

/** y = x ∗ w (cross-correlation, as everywhere in deep learning). */
export function conv(x: Node, w: Node, window: Window): Node {
  return x.graph.node("conv", [x, w], attributesOf(window), outputShape("conv", x.shape, w.shape, window));
}

/** Adjoint of `conv` in its input: dx of the given shape from dy and w. */
export function convInputGrad(dy: Node, w: Node, window: Window, inputShape: Shape): Node {
  requireOutput("convInputGrad", dy.shape, inputShape, w.shape, window);
  return dy.graph.node("convInputGrad", [dy, w], { ...attributesOf(window), size: inputShape.slice(2) }, inputShape);
}

/** Adjoint of `conv` in its weight: dw of the given shape from x and dy. */
export function convWeightGrad(x: Node, dy: Node, window: Window, weightShape: Shape): Node {
  requireOutput("convWeightGrad", dy.shape, x.shape, weightShape, window);
  return x.graph.node(
    "convWeightGrad",
    [x, dy],
    { ...attributesOf(window), kernel: weightShape.slice(-2) },
    weightShape,
  );
}

/**
 * Transposed convolution, the adjoint of `conv` as a layer of its own: x [N, Ci, H, W], w [Ci, Co/groups, Kh, Kw] (as PyTorch and ONNX
 * keep it). `window.pads` crop the result, `outputPadding` adds rows and columns at its far end. Throws GraphError where they do not fit.
 */
export function convTranspose(
  x: Node,
  w: Node,
  window: Window,
  outputPadding: readonly [number, number] = [0, 0],
): Node {
  const [kernelRows, kernelColumns] = w.shape.slice(-2) as [number, number];
  const extents = [kernelRows, kernelColumns].map((kernel, axis) => {
    const { strides, pads, dilations } = window;
    const reach = (x.shape[axis + 2]! - 1) * strides[axis]! + dilations[axis]! * (kernel - 1) + 1;
    return reach - pads[axis]! - pads[axis + 2]! + outputPadding[axis]!;
  });
  return convInputGrad(x, w, window, [x.shape[0]!, w.shape[w.shape.length - 3]! * window.groups, ...extents]);
}

function onnxWindow(window: Window, kernel: readonly number[]) {
  return {
    strides: [...window.strides],
    pads: [...window.pads],
    dilations: [...window.dilations],
    group: window.groups,
    kernel_shape: [...kernel],
  };
}

/** What a backend lacks whose kernels take these and compute them wrongly. */
export const GROUPED_TRANSPOSE = "ConvTranspose with groups";
export const CONV_OF_THREES = "Conv of channels that are a multiple of 3, not of 4, and more than 3";

/** What `part` makes of every group's share of x along the channels and of w along the first axis, side by side. */
function byGroup(
  [x, w]: readonly string[],
  counts: readonly [number, number],
  groups: number,
  emitter: Emitter,
  part: (own: readonly string[]) => string,
): string {
  const share = (name: string, axis: number, group: number) => {
    const size = counts[1 - axis]! / groups;
    const limits = [group * size, (group + 1) * size, axis].map((value) => emitter.integers([value]));
    return emitter.node("Slice", [name, ...limits]);
  };
  const parts = Array.from({ length: groups }, (_, group) => part([share(x!, 1, group), share(w!, 0, group)]));
  return emitter.node("Concat", parts, { axis: 1 });
}

/** Gradient and emission; `lower` is added in convolution-policy.ts, which leaves no weight gradient to emit. */
export const convolutionRules = {
  conv: {
    gradient: (node, dy) => {
      const [x, w] = node.inputs as [Node, Node];
      return [convInputGrad(dy, w, windowOf(node), x.shape), convWeightGrad(x, dy, windowOf(node), w.shape)];
    },
    emit: (node, emitter) => {
      const [x, w] = node.inputs as [Node, Node];
      const window = windowOf(node);
      const attributes = onnxWindow(window, w.shape.slice(2));
      const channels = x.shape[1]!;
      const names = [x, w].map((each) => emitter.nameOf(each));
      const wrong = channels > 3 && channels % 3 === 0 && channels % 4 !== 0 && emitter.lacks(CONV_OF_THREES);
      if (!wrong) return emitter.node("Conv", names, attributes);
      const ends = (count: number) => emitter.integers([0, 0, 0, 0, 0, 4 - (count % 4), 0, 0]);
      const padded = (own: readonly string[], count: number) =>
        own.map((name) => emitter.node("Pad", [name, ends(count), emitter.floats(0)]));
      if (window.groups === 1) return emitter.node("Conv", padded(names, channels), attributes);
      return byGroup(names, [channels, w.shape[0]!], window.groups, emitter, (own) =>
        emitter.node("Conv", padded(own, channels / window.groups), { ...attributes, group: 1 }),
      );
    },
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
      const attributes = { ...onnxWindow(window, w.shape.slice(2)), output_padding: missing };
      const names = [emitter.nameOf(dy), emitter.nameOf(w)] as const;
      const { groups } = window;
      if (groups === 1 || !emitter.lacks(GROUPED_TRANSPOSE)) return emitter.node("ConvTranspose", names, attributes);
      return byGroup(names, [dy.shape[1]!, w.shape[0]!], groups, emitter, (own) =>
        emitter.node("ConvTranspose", own, { ...attributes, group: 1 }),
      );
    },
  },
  convWeightGrad: {
    gradient: (node, dw) => {
      const [x, dy] = node.inputs as [Node, Node];
      return [convInputGrad(dy, dw, windowOf(node), x.shape), conv(x, dw, windowOf(node))];
    },
    emit: (node) => {
      throw new GraphError(`convWeightGrad [${node.shape}] has no ONNX node of its own; compile() lowers it`);
    },
  },
} satisfies OpFamily;
