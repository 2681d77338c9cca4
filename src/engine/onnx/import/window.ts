// The sliding window of a convolution or pool, from the attributes that ONNX gives it, with explicit or automatic padding.
import type { Operation } from "./operation.js";

export type Pair = readonly [number, number];

export interface WindowOf {
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
}

/** Of a kernel, stride, dilation or padding; far beyond any net, and few enough to list what each window sees. */
const LARGEST = 1024;

/** Entries of a list attribute over one or two spatial axes, the first of which is 1 for signals. */
function listed(operation: Operation, name: string, spatial: number, per: number, fallback: number, least: number) {
  const values = operation.attributes.ints(name) ?? Array.from({ length: spatial * per }, () => fallback);
  const fits = values.length === spatial * per && values.every((value) => value >= least && value <= LARGEST);
  if (!fits) operation.fail(`${spatial * per} ${name} from ${least} to ${LARGEST}`, `[${values}]`);
  return values;
}

/** One entry per axis; a signal has an axis of extent 1 in front of its own. */
const pair = (values: readonly number[], own: number): Pair =>
  values.length === 2 ? [values[0]!, values[1]!] : [own, values[0]!];

/** The window over an input of these spatial extents. `kernel` is the attribute's, or the weight's where there is one. */
export function windowOf(operation: Operation, extents: readonly number[], weight?: readonly number[]): WindowOf {
  const { attributes, fail } = operation;
  const spatial = extents.length;
  const kernel =
    attributes.has("kernel_shape") || !weight ? listed(operation, "kernel_shape", spatial, 1, 0, 1) : weight;
  if (weight && kernel.join() !== weight.join()) fail(`kernel_shape [${weight}], as the weight's`, `[${kernel}]`);
  const strides = listed(operation, "strides", spatial, 1, 1, 1);
  const dilations = listed(operation, "dilations", spatial, 1, 1, 1);
  const auto = attributes.text("auto_pad", "NOTSET");
  const pads =
    auto === "NOTSET"
      ? listed(operation, "pads", spatial, 2, 0, 0)
      : automatic(operation, auto, extents, kernel, strides, dilations);
  const [before, after] = [pads.slice(0, spatial), pads.slice(spatial)];
  return {
    kernel: pair(kernel, 1),
    strides: pair(strides, 1),
    dilations: pair(dilations, 1),
    pads: [...pair(before, 0), ...pair(after, 0)] as unknown as WindowOf["pads"],
  };
}

/** SAME: as many outputs as strides fit the input; odd padding goes behind (UPPER) or in front (LOWER). */
function automatic(
  { fail }: Operation,
  auto: string,
  extents: readonly number[],
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
): number[] {
  if (auto === "VALID") return [...extents, ...extents].map(() => 0);
  if (auto !== "SAME_UPPER" && auto !== "SAME_LOWER") return fail("auto_pad of ONNX", JSON.stringify(auto));
  const total = extents.map((extent, i) => {
    const outputs = Math.ceil(extent / strides[i]!);
    return Math.max(0, (outputs - 1) * strides[i]! + dilations[i]! * (kernel[i]! - 1) + 1 - extent);
  });
  const smaller = total.map((count) => Math.floor(count / 2));
  const larger = total.map((count) => Math.ceil(count / 2));
  return auto === "SAME_UPPER" ? [...smaller, ...larger] : [...larger, ...smaller];
}
