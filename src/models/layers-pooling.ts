// Pooling as layers on images [N, C, H, W].
import { adaptiveAveragePool, globalAveragePool, maxPool, squareWindow } from "../engine/index.js";
import type { Layer } from "./layers.js";
import { type SquareOptions, windowExtent } from "./layers-image.js";

/** Maximum over square windows. */
export const maxPooling =
  (options: SquareOptions): Layer =>
  ([channels, height, width]) => ({
    shape: [channels!, windowExtent(height!, options), windowExtent(width!, options)],
    parameters: [],
    apply: (x) => {
      const { strides, pads } = squareWindow(options);
      return maxPool(x, { kernel: [options.kernel, options.kernel], strides, pads });
    },
  });

/** Means over a grid of `rows` × `columns` bins, which repeat pixels where the image is smaller. */
export const adaptivePooling =
  (rows: number, columns: number): Layer =>
  ([channels]) => ({
    shape: [channels!, rows, columns],
    parameters: [],
    apply: (x) => adaptiveAveragePool(x, [rows, columns]),
  });

/** The mean over all pixels of a channel. */
export const globalPooling: Layer = ([channels]) => ({
  shape: [channels!, 1, 1],
  parameters: [],
  apply: globalAveragePool,
});
