// An update as something to look at: norms of its layers, and the first layer's gradient as a picture.
import type { Update } from "../../src/federated/hooks.js";
import { updateNorm } from "../../src/federated/update.js";
import type { Tensor } from "../../src/math/tensor.js";
import type { Image } from "../../src/metrics/define.js";
import type { LayerNorm, Picture } from "./protocol.js";

/** Colours that a pixel has. */
const CHANNELS = 3;

export const toPicture = ({ shape: [, height, width], data }: Image): Picture => ({
  width,
  height,
  pixels: Float32Array.from(data),
});

export interface Described {
  readonly layers: readonly LayerNorm[];
  readonly norm: number;
  readonly picture: Picture;
}

/** Norms of all layers, the whole norm, and the first weight's gradient as a picture. */
export function describeUpdate(update: Update): Described {
  const norm = updateNorm(update);
  const layers = [...update].map(([name, { shape, data }]): LayerNorm => {
    const own = Math.sqrt(squares(data));
    return { name, shape, norm: own, share: norm === 0 ? 0 : (own / norm) ** 2 };
  });
  return { layers, norm, picture: drawWeight([...update.values()][0]!) };
}

function squares(data: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i]! ** 2;
  return sum;
}

/**
 * A gradient as colours around grey, its largest entry at full strength. Kernels of a convolution stand side by side; of a dense layer the unit
 * with the largest gradient is shown, whose weights are as many as the picture has pixels.
 */
function drawWeight({ shape, data }: Tensor): Picture {
  if (shape.length === 4 && shape[1] === CHANNELS) return drawKernels(shape, data);
  const pixels = shape.at(-1)!;
  const side = Math.sqrt(pixels / CHANNELS);
  if (!Number.isInteger(side))
    throw new RangeError(`a first layer that sees colour pictures, got [${shape.join(", ")}]`);
  const rows = Array.from({ length: data.length / pixels }, (_, row) =>
    data.subarray(row * pixels, (row + 1) * pixels),
  );
  const largest = rows.reduce((best, row) => (squares(row) > squares(best) ? row : best));
  return { width: side, height: side, pixels: aroundGrey(largest) };
}

function drawKernels([count = 0, , height = 0, width = 0]: readonly number[], data: ArrayLike<number>): Picture {
  const across = Math.ceil(Math.sqrt(count));
  const down = Math.ceil(count / across);
  // A grey line between kernels.
  const [wide, high] = [across * (width + 1) - 1, down * (height + 1) - 1];
  const values = new Float64Array(CHANNELS * wide * high);
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [i % width, Math.floor(i / width) % height];
    const channel = Math.floor(i / (width * height)) % CHANNELS;
    const kernel = Math.floor(i / (width * height * CHANNELS));
    const [left, top] = [(kernel % across) * (width + 1), Math.floor(kernel / across) * (height + 1)];
    values[(channel * high + top + y) * wide + left + x] = data[i]!;
  }
  return { width: wide, height: high, pixels: aroundGrey(values) };
}

function aroundGrey(values: ArrayLike<number>): Float32Array {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]!));
  return Float32Array.from(values, (value) => 0.5 + (largest === 0 ? 0 : value / largest / 2));
}
