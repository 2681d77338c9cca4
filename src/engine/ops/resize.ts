// Resizing of images as PyTorch's F.interpolate does it, without antialiasing: each output is a weighted sum of up to 1, 2 or 4 inputs per axis.
import { GraphError, type Node } from "../graph.js";
import { mapAxes, requireImages, type Taps } from "./axis-map.js";

export type ResizeMode = "nearest" | "bilinear" | "bicubic";

export interface ResizeOptions {
  /** Whether corner pixels keep their centres (else the corners of the image coincide). Not for `nearest`. Default false. */
  readonly alignCorners?: boolean;
}

/** Where output `o` lies between the input positions of an axis. */
type Place = (o: number) => number;

const place = (input: number, output: number, alignCorners: boolean): Place =>
  alignCorners ? (o) => (output > 1 ? (o * (input - 1)) / (output - 1) : 0) : (o) => ((o + 0.5) * input) / output - 0.5;

/** Keys' cubic kernel with a = -0.75, at a distance of `t` ≥ 0. */
function cubic(t: number): number {
  const a = -0.75;
  if (t <= 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? a * (((t - 5) * t + 8) * t - 4) : 0;
}

/** Taps of one output, by mode. `at` is the output's place, `last` the last input position. */
const tapsOf: Readonly<Record<Exclude<ResizeMode, "nearest">, (at: number, last: number) => Taps>> = {
  bilinear(at, last) {
    const inside = Math.max(0, at);
    const before = Math.min(Math.floor(inside), last);
    const share = inside - before;
    return [
      [before, 1 - share],
      [Math.min(before + 1, last), share],
    ];
  },
  bicubic(at, last) {
    const before = Math.floor(at);
    return [-1, 0, 1, 2].map((step) => [
      Math.min(Math.max(before + step, 0), last),
      cubic(Math.abs(at - before - step)),
    ]);
  },
};

/** ⌊o · input / output⌋, in single precision where PyTorch rounds there: a whole quotient may fall one short. */
function nearest(input: number, output: number): Taps[] {
  const scale = Math.fround(input / output);
  return Array.from({ length: output }, (_, o) => [[Math.min(Math.floor(Math.fround(o * scale)), input - 1), 1]]);
}

/**
 * Images [N, C, H, W] at `size` (rows, columns): [N, C, ...size]. Linear, so derivatives of any order are exact. Throws GraphError when x is
 * no image or the size is not positive.
 */
export function resize(
  x: Node,
  size: readonly [number, number],
  mode: ResizeMode,
  { alignCorners = false }: ResizeOptions = {},
): Node {
  requireImages("resize", x.shape);
  if (size.some((extent) => !Number.isInteger(extent) || extent < 1)) {
    throw new GraphError(`resize: expected positive whole extents, got [${size}] for [${x.shape}]`);
  }
  const along = (axis: 0 | 1): Taps[] => {
    const [input, output] = [x.shape[axis + 2]!, size[axis]];
    if (mode === "nearest") return nearest(input, output);
    const at = place(input, output, alignCorners);
    return Array.from({ length: output }, (_, o) => tapsOf[mode](at(o), input - 1));
  };
  return size.join() === x.shape.slice(2).join() ? x : mapAxes(x, along(0), along(1));
}
