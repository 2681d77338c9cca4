// A data set as a value: labelled images of one size, read by index. Sources live beside this file, one each.
import { type Tensor, tensor } from "../math/tensor.js";

/** Channels, height, width. */
export type ImageShape = readonly [channels: number, height: number, width: number];

export interface Dataset {
  /** Name of the source, e.g. `cifar10`, `portraits`. */
  readonly id: string;
  readonly classes: readonly string[];
  readonly shape: ImageShape;
  readonly length: number;
  /** True for the embedded drawn sets: nobody's data, so a report may show the originals. */
  readonly synthetic: boolean;
  /** Licence credits that any picture of this set must carry; empty when none are known to be needed. */
  readonly credits: readonly string[];
  /** Class index of record `index`, 0 to `classes.length - 1`. */
  label(index: number): number;
  /** Bytes 0 to 255 of record `index`, planar: channel, row, column. */
  pixels(index: number): Uint8Array;
  /** All known attributes of record `index`, for semantic metrics. Drawn portraits only. */
  attributes?(index: number): Readonly<Record<string, string>>;
}

/** A labelled batch; `inputs` has shape [N, C, H, W] with pixels in [0, 1]. */
export interface Batch {
  readonly inputs: Tensor;
  readonly labels: readonly number[];
}

/** Reads records into one float64 batch. Throws RangeError when an index is outside the set. */
export function readBatch(dataset: Dataset, records: readonly number[]): Batch {
  const perImage = dataset.shape[0] * dataset.shape[1] * dataset.shape[2];
  const data = new Float64Array(records.length * perImage);
  const labels = records.map((record, position) => {
    if (!Number.isInteger(record) || record < 0 || record >= dataset.length) {
      throw new RangeError(`record ${record} is outside ${dataset.id}, which has records 0 to ${dataset.length - 1}`);
    }
    const pixels = dataset.pixels(record);
    for (let i = 0; i < perImage; i++) data[position * perImage + i] = pixels[i]! / 255;
    return dataset.label(record);
  });
  return { inputs: tensor([records.length, ...dataset.shape], data), labels };
}

/** Rows of a batch, in the given order. */
export function readRows({ inputs, labels }: Batch, rows: readonly number[]): Batch {
  const size = inputs.data.length / labels.length;
  const data = new Float64Array(rows.length * size);
  rows.forEach((row, position) => {
    data.set(inputs.data.subarray(row * size, (row + 1) * size), position * size);
  });
  return { inputs: tensor([rows.length, ...inputs.shape.slice(1)], data), labels: rows.map((row) => labels[row]!) };
}
