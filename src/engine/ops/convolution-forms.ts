// The forms in which a member of the convolution family can be computed. Each gives the same value by other ops; which one is taken for
// which shapes is data in convolution-policy.ts. `null` means: as the runtime's own Conv or ConvTranspose.
import { sizeOf, tensor } from "../../math/tensor.js";
import type { Node } from "../graph.js";
import type { OpFamily } from "../rule.js";
import { conv, convInputGrad, convWeightGrad } from "./convolution.js";
import { matrixConv, matrixConvInputGrad, matrixConvWeightGrad } from "./convolution-matmul.js";
import { pad, reshape, transpose } from "./layout.js";
import { matmul } from "./matmul.js";
import { samplesPerPart, sharedByParts } from "./parts.js";
import { sum } from "./reduce.js";
import { type Window, windowOf } from "./window.js";

type Form = (node: Node) => Node | null;

/** Kernels mirrored in both axes, inputs and outputs swapped: [Co, Ci/g, Kh, Kw] to [Ci, Co/g, Kh, Kw]. */
function mirrored(w: Node, groups: number): Node {
  const [filters, depth, ...kernel] = w.shape as [number, number, number, number];
  return w.graph.node("mirrorKernel", [w], { groups }, [depth * groups, filters / groups, ...kernel]);
}

/** Whether a convolution of dy by mirrored kernels gives dx: no gaps between the windows. */
export const canMirror = (node: Node) => windowOf(node).strides.every((stride) => stride === 1);

function mirroredInputGrad(node: Node): Node {
  const [dy, w] = node.inputs as [Node, Node];
  const window = windowOf(node);
  const reach = ([0, 1] as const).map((axis) => window.dilations[axis] * (w.shape[axis + 2]! - 1));
  const before = reach.map((span, axis) => span - window.pads[axis]!);
  const after = before.map((near, axis) => node.shape[axis + 2]! + reach[axis]! - dy.shape[axis + 2]! - near);
  const grown = padded(dy, before, after);
  return conv(grown.x, mirrored(w, window.groups), { ...window, pads: grown.pads });
}

/** Padding of a convolution; what is negative is cropped from x, as the runtime's padding cannot be. */
function padded(x: Node, before: readonly number[], after: readonly number[]): { x: Node; pads: Window["pads"] } {
  const cropped = pad(x, [0, 0, ...before.map((n) => Math.min(0, n))], [0, 0, ...after.map((n) => Math.min(0, n))]);
  const [top, left, bottom, right] = [...before, ...after].map((n) => Math.max(0, n));
  return { x: cropped, pads: [top!, left!, bottom!, right!] };
}

/** Padding behind x that makes a swapped convolution exactly as large as the kernel; negative: x has rows nobody looks at. */
function farPadding(node: Node): number[] {
  const [x, dy] = node.inputs as [Node, Node];
  const { strides, pads, dilations } = windowOf(node);
  return ([0, 1] as const).map((axis) => {
    const reach = strides[axis] * (dy.shape[axis + 2]! - 1) + dilations[axis] * (node.shape[axis + 2]! - 1) + 1;
    return reach - x.shape[axis + 2]! - pads[axis];
  });
}

/** Whether some row and column of x is looked at, which the swapped form needs. */
export const canSwap = (node: Node) =>
  farPadding(node).every((count, axis) => node.inputs[0]!.shape[axis + 2]! + count > 0);

/** dw as a convolution of swapped x by swapped dy: strides and dilations trade places. */
function swappedWeightGrad(node: Node): Node {
  const [x, dy] = node.inputs as [Node, Node];
  const { strides, pads, dilations, groups } = windowOf(node);
  const [batch, channels, ...extent] = x.shape as [number, number, number, number];
  const depth = channels / groups;
  const grouped = transpose(reshape(x, [batch, groups, depth, ...extent]), [2, 1, 0, 3, 4]);
  const source = padded(reshape(grouped, [depth, groups * batch, ...extent]), pads.slice(0, 2), farPadding(node));
  const kernel = transpose(dy, [1, 0, 2, 3]);
  const window: Window = { strides: dilations, dilations: strides, groups, pads: source.pads };
  return transpose(conv(source.x, kernel, window), [1, 0, 2, 3]);
}

/** What every output position sees, by a convolution with one-hot kernels over channels as batch: [N, Ci·Kh·Kw, Ho·Wo]. */
export function unfolded(x: Node, weightShape: readonly number[], window: Window): Node {
  const [batch, channels, ...extent] = x.shape as [number, number, number, number];
  const [rows, columns] = weightShape.slice(-2) as [number, number];
  const taps = rows * columns;
  if (taps === 1 && window.strides.every((stride) => stride === 1) && window.pads.every((count) => count === 0)) {
    return reshape(x, [batch, channels, extent[0] * extent[1]]);
  }
  const planes = conv(reshape(x, [batch * channels, 1, ...extent]), oneHotKernels(x, rows, columns), {
    ...window,
    groups: 1,
  });
  return reshape(planes, [batch, channels * taps, planes.shape[2]! * planes.shape[3]!]);
}

const oneHots = new Map<string, Float64Array>();

/** Kernel t of [taps, 1, rows, columns] is 1 at tap t: one constant per graph and size. */
function oneHotKernels({ graph }: Node, rows: number, columns: number): Node {
  const taps = rows * columns;
  const data = oneHots.get(`${rows}x${columns}`) ?? new Float64Array(taps * taps);
  for (let tap = 0; tap < taps; tap++) data[tap * taps + tap] = 1;
  oneHots.set(`${rows}x${columns}`, data);
  return graph.constant(tensor([taps, 1, rows, columns], data));
}

/** dx as wᵀ·dy for every tap, all samples in one product, then laid back over the map: the adjoint of `unfolded`. */
function columnsInputGrad(node: Node): Node {
  const [dy, w] = node.inputs as [Node, Node];
  const [batch, filters, ...output] = dy.shape as [number, number, number, number];
  const [, channels, ...extent] = node.shape as [number, number, number, number];
  const [rows, columns] = w.shape.slice(-2) as [number, number];
  const [taps, positions] = [rows * columns, output[0] * output[1]];
  const matrix = reshape(transpose(dy, [1, 0, 2, 3]), [filters, batch * positions]);
  const product = matmul(reshape(w, [filters, channels * taps]), matrix, { a: true });
  const planes = transpose(reshape(product, [channels * taps, batch, positions]), [1, 0, 2]);
  const folded = convInputGrad(
    reshape(planes, [batch * channels, taps, ...output]),
    oneHotKernels(dy, rows, columns),
    { ...windowOf(node), groups: 1 },
    [batch * channels, 1, ...extent],
  );
  return reshape(folded, node.shape);
}

/** dw as dy · unfolded(x)ᵀ, group by group: one product for each sample, then their sum. */
function unfoldedWeightGrad(node: Node): Node {
  const [x, dy] = node.inputs as [Node, Node];
  const [batch, filters, ...extent] = dy.shape as [number, number, number, number];
  const { groups } = windowOf(node);
  const seen = unfolded(x, node.shape, windowOf(node));
  const positions = extent[0] * extent[1];
  const stack = (rows: Node) => {
    const perGroup = [rows.shape[1]! / groups, positions];
    return reshape(rows, batch * groups === 1 ? perGroup : [batch * groups, ...perGroup]);
  };
  const products = matmul(stack(reshape(dy, [batch, filters, positions])), stack(seen), { b: true });
  return reshape(batch === 1 ? products : sum(reshape(products, [batch, sizeOf(node.shape)]), [0]), node.shape);
}

/** As `unfoldedWeightGrad`, with all samples in one product. */
function unfoldedTogether(node: Node): Node {
  const [x, dy] = node.inputs as [Node, Node];
  const [batch, filters, ...extent] = dy.shape as [number, number, number, number];
  const seen = unfolded(x, node.shape, windowOf(node));
  const positions = batch * extent[0] * extent[1];
  const rows = reshape(transpose(seen, [1, 0, 2]), [seen.shape[1]!, positions]);
  const product = matmul(reshape(transpose(dy, [1, 0, 2, 3]), [filters, positions]), rows, { b: true });
  return reshape(product, node.shape);
}

/** The forms by member of the family and name. */
export const forms = {
  conv: { direct: () => null, matrix: matrixConv },
  convInputGrad: {
    transposed: () => null,
    mirrored: mirroredInputGrad,
    columns: columnsInputGrad,
    matrix: matrixConvInputGrad,
  },
  convWeightGrad: {
    swapped: swappedWeightGrad,
    unfolded: unfoldedWeightGrad,
    together: unfoldedTogether,
    matrix: matrixConvWeightGrad,
  },
} satisfies Record<string, Record<string, Form>>;

/** [P·N, C, ...] as [N, P·C, ...] and back, so that parts become groups. */
function partsAsChannels(x: Node, parts: number): Node {
  const [batch, channels, ...extent] = x.shape as [number, number, number, number];
  const samples = samplesPerPart("conv", batch, parts);
  const split = transpose(reshape(x, [parts, samples, channels, ...extent]), [1, 0, 2, 3, 4]);
  return reshape(split, [samples, parts * channels, ...extent]);
}

function partsAsBatch(x: Node, parts: number): Node {
  const [samples, channels, ...extent] = x.shape as [number, number, number, number];
  const split = transpose(reshape(x, [samples, parts, channels / parts, ...extent]), [1, 0, 2, 3, 4]);
  return reshape(split, [parts * samples, channels / parts, ...extent]);
}

/** A member with weights in parts as the same member without: shared weights serve the whole batch, others become groups. */
export function withoutParts(node: Node): Node | null {
  const [a, b] = node.inputs as [Node, Node];
  const window = windowOf(node);
  if (node.op === "convWeightGrad") {
    if (node.shape.length === 4) return null;
    const [parts, filters, ...rest] = node.shape as [number, number, number, number, number];
    const grouped = { ...window, groups: window.groups * parts };
    const [x, dy] = [partsAsChannels(a, parts), partsAsChannels(b, parts)];
    return reshape(convWeightGrad(x, dy, grouped, [parts * filters, ...rest]), node.shape);
  }
  if (b.shape.length === 4) return null;
  const [parts, filters, ...rest] = b.shape as [number, number, number, number, number];
  const grouped = { ...window, groups: window.groups * parts };
  const shared = sharedByParts(b);
  const weight = shared ?? reshape(b, [parts * filters, ...rest]);
  if (node.op === "conv") {
    return shared ? conv(a, weight, window) : partsAsBatch(conv(partsAsChannels(a, parts), weight, grouped), parts);
  }
  if (shared) return convInputGrad(a, weight, window, node.shape);
  const [batch, channels, ...extent] = node.shape;
  const inner = [batch! / parts, parts * channels!, ...extent];
  return partsAsBatch(convInputGrad(partsAsChannels(a, parts), weight, grouped, inner), parts);
}

export const convolutionFormOps: OpFamily = {
  mirrorKernel: {
    // Made by lowering, after differentiation, hence without a gradient rule. The runtime folds it where the weight is constant.
    emit: (node, emitter) => {
      const w = node.inputs[0]!;
      const groups = node.attributes.groups as number;
      const [filters, depth, ...kernel] = w.shape as [number, number, number, number];
      const [last, axes] = [emitter.integers([-1, -1]), emitter.integers([2, 3])];
      const ends = emitter.integers(kernel.map((extent) => -extent - 1));
      const mirroredAxes = emitter.node("Slice", [emitter.nameOf(w), last, ends, axes, last]);
      if (groups === 1) return emitter.node("Transpose", [mirroredAxes], { perm: [1, 0, 2, 3] });
      const split = emitter.node("Reshape", [
        mirroredAxes,
        emitter.integers([groups, filters / groups, depth, ...kernel]),
      ]);
      const swapped = emitter.node("Transpose", [split], { perm: [0, 2, 1, 3, 4] });
      return emitter.node("Reshape", [swapped, emitter.integers(node.shape)]);
    },
  },
};
