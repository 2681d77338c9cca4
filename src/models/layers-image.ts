// Layers on images [N, C, H, W].
import { add, channelwise, conv, squareWindow, type WindowOptions } from "../engine/index.js";
import { fanIn, type Scheme } from "./initial.js";
import type { Layer } from "./layers.js";

interface ConvolutionOptions extends WindowOptions {
  readonly filters: number;
  readonly kernel: number;
  readonly bias?: boolean;
  readonly initial?: Scheme;
}

/** Square convolution, parameters `<name>.weight` [filters, channels/groups, k, k] and `<name>.bias`. */
export function convolution(
  name: string,
  { filters, kernel, bias = true, initial = fanIn, ...options }: ConvolutionOptions,
): Layer {
  const window = squareWindow(options);
  const extent = (input: number) => Math.floor((input + 2 * window.pads[0] - kernel) / window.strides[0]) + 1;
  return ([channels, height, width]) => {
    const depth = channels! / window.groups;
    const fan = { in: depth * kernel * kernel, out: filters * kernel * kernel };
    const weight = { name: `${name}.weight`, shape: [filters, depth, kernel, kernel], initial: initial.weight(fan) };
    const offset = { name: `${name}.bias`, shape: [filters], initial: initial.bias(fan) };
    return {
      shape: [filters, extent(height!), extent(width!)],
      parameters: bias ? [weight, offset] : [weight],
      apply(x, { parameter }) {
        const y = conv(x, parameter(weight.name), window);
        return bias ? add(y, channelwise(parameter(offset.name), y)) : y;
      },
    };
  };
}
