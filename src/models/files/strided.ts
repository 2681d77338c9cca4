// Views as dense tensors: NumPy's column-major arrays and PyTorch's transposed, sliced, expanded and shared ones.
import { type FloatArray, type Shape, sizeOf } from "../../math/tensor.js";

/** Strides of a dense row-major array of this shape, in elements. */
export function denseStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** How many elements a view spans from its first to its last one; 0 for an empty one. */
export function spanOf(shape: Shape, strides: readonly number[]): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((span, extent, axis) => span + (extent - 1) * strides[axis]!, 1);
}

/**
 * The elements of a view in row-major order: `data`, which is just the view's span, itself where it is dense already,
 * else a copy.
 */
export function toDense(data: FloatArray, shape: Shape, strides: readonly number[]): FloatArray {
  const dense = denseStrides(shape);
  if (shape.every((extent, axis) => extent === 1 || strides[axis] === dense[axis])) return data;
  const size = sizeOf(shape);
  const copy = data instanceof Float32Array ? new Float32Array(size) : new Float64Array(size);
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < size; to++) {
    copy[to] = data[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      index[axis]! += 1;
      if (index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return copy;
}
