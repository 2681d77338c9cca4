// Dense tensors as plain values: a static shape and row-major data. The common currency of every layer.

export type FloatArray = Float32Array | Float64Array;
export type DType = "float32" | "float64";
export type Shape = readonly number[];

/** A dense row-major tensor. `data.length` equals the product of `shape`; a scalar has shape `[]`. */
export interface Tensor {
  readonly shape: Shape;
  readonly data: FloatArray;
}

/** Number of entries of a shape; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}

/** Wraps `data` as a tensor. Throws RangeError when the lengths disagree. */
export function tensor(shape: Shape, data: FloatArray): Tensor {
  if (sizeOf(shape) !== data.length) {
    throw new RangeError(`a tensor of shape [${shape.join(", ")}] holds ${sizeOf(shape)} numbers, got ${data.length}`);
  }
  return { shape, data };
}

/** The same numbers in the given precision; returns `data` itself when it already has it. */
export function cast(data: FloatArray, dtype: DType): FloatArray {
  if (dtype === "float32") return data instanceof Float32Array ? data : Float32Array.from(data);
  return data instanceof Float64Array ? data : Float64Array.from(data);
}
