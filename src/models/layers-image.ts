// Convolution as a layer on images [N, C, H, W], and what other window layers share with it.
import type { ImageShape } from "../data/dataset.js";
import { add, channelwise, conv, squareWindow } from "../engine/index.js";
import { fanIn, type Scheme } from "./initial.js";
import type { Layer } from "./layers.js";

const SMALL_IMAGE = 64;

/** Whether nets with two stems take the one for small images: no side above 64 pixels. */
export const isSmall = ([, height, width]: ImageShape): boolean => Math.max(height, width) <= SMALL_IMAGE;

/** A square window with equal padding on all sides. */
export interface SquareOptions {
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
}

/** Extent of the output along an axis of this extent. */
export const windowExtent = (input: number, { kernel, stride = 1, padding = 0 }: SquareOptions) =>
  Math.floor((input + 2 * padding - kernel) / stride) + 1;

interface ConvolutionOptions extends SquareOptions {
  readonly filters: number;
  readonly groups?: number;
  readonly bias?: boolean;
  readonly initial?: Scheme;
}

/** Square convolution, parameters `<name>.weight` [filters, channels/groups, k, k] and `<name>.bias`. */
export function convolution(name: string, options: ConvolutionOptions): Layer {
  const { filters, kernel, groups = 1, bias = true, initial = fanIn, stride = 1, padding = 0 } = options;
  const window = squareWindow({ stride, padding, groups });
  return ([channels, height, width]) => {
    const depth = channels! / groups;
    const fan = { in: depth * kernel * kernel, out: filters * kernel * kernel };
    const weight = { name: `${name}.weight`, shape: [filters, depth, kernel, kernel], initial: initial.weight(fan) };
    const offset = { name: `${name}.bias`, shape: [filters], initial: initial.bias(fan) };
    return {
      shape: [filters, windowExtent(height!, options), windowExtent(width!, options)],
      parameters: bias ? [weight, offset] : [weight],
      apply(x, { parameter }) {
        const y = conv(x, parameter(weight.name), window);
        return bias ? add(y, channelwise(parameter(offset.name), y)) : y;
      },
    };
  };
}
