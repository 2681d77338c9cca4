// Transposed convolution as a layer: the way up of generators and decoders.
import { add, channelwise, convTranspose, squareWindow } from "../../engine/index.js";
import { heNormal } from "../../models/initial.js";
import type { Layer } from "../../models/layers.js";

/** Kernel 4, stride 2, padding 1: [C, h, w] to [filters, 2h, 2w]. Parameters `<name>.weight` [C, filters, 4, 4] and `<name>.bias`. */
export function upsampling(name: string, filters: number): Layer {
  const window = squareWindow({ stride: 2, padding: 1 });
  return ([channels, height, width]) => {
    // Two of four taps per axis fall on an input.
    const fan = { in: 4 * channels!, out: 4 * filters };
    const scheme = heNormal("in");
    const weight = { name: `${name}.weight`, shape: [channels!, filters, 4, 4], initial: scheme.weight(fan) };
    const offset = { name: `${name}.bias`, shape: [filters], initial: scheme.bias(fan) };
    return {
      shape: [filters, 2 * height!, 2 * width!],
      parameters: [weight, offset],
      apply(x, { parameter }) {
        const y = convTranspose(x, parameter(weight.name), window);
        return add(y, channelwise(parameter(offset.name), y));
      },
    };
  };
}
