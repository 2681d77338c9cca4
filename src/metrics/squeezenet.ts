// SqueezeNet 1.1 (Iandola et al. 2016) without its classifier, by torchvision's layer names: the maps that LPIPS compares
// (spec/metrics.md section 3.4).
import { add, channelwise, concat, conv, maxPool, type Node, relu, squareWindow } from "../engine/index.js";

/** Fire modules between two pools, by number; LPIPS reads the output of those named in `read`. */
const stages = [
  { fires: [3, 4], read: [4] },
  { fires: [6, 7], read: [7] },
  { fires: [9, 10, 11, 12], read: [9, 10, 11, 12] },
];

/** Smallest side of a picture of which something is left behind the last pool. */
export const SMALLEST_SIDE = 17;

/** The node of a tensor of the weight file. */
export type Weight = (name: string) => Node;

function convolve(x: Node, name: string, weight: Weight, window: Parameters<typeof squareWindow>[0] = {}): Node {
  const y = conv(x, weight(`${name}.weight`), squareWindow(window));
  return relu(add(y, channelwise(weight(`${name}.bias`), y)));
}

/** Few channels, then 1x1 and 3x3 convolutions of them side by side. */
function fire(x: Node, name: string, weight: Weight): Node {
  const squeezed = convolve(x, `${name}.squeeze`, weight);
  const narrow = convolve(squeezed, `${name}.expand1x1`, weight);
  return concat([narrow, convolve(squeezed, `${name}.expand3x3`, weight, { padding: 1 })], 1);
}

/**
 * Maps of 64, 128, 256, 384, 384, 512 and 512 channels of pictures x [N, 3, H, W], normalised as LPIPS asks. Throws GraphError for
 * sides below `SMALLEST_SIDE`.
 */
export function traceMaps(x: Node, weight: Weight): Node[] {
  let y = convolve(x, "features.0", weight, { stride: 2 });
  const maps = [y];
  for (const { fires, read } of stages) {
    y = maxPool(y, { kernel: [3, 3], strides: [2, 2], ceil: true });
    for (const number of fires) {
      y = fire(y, `features.${number}`, weight);
      if (read.includes(number)) maps.push(y);
    }
  }
  return maps;
}
