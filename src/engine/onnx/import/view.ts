// Moving known numbers around: every reordering is a strided view of what is there, made dense again.
import { type FloatArray, type Shape, sizeOf } from "../../../math/tensor.js";
import type { Known } from "./value.js";

const MOST_ENTRIES = 2 ** 22;

/** Room for known numbers. Throws RangeError beyond what any shape computation needs. */
export function room(shape: Shape): FloatArray {
  const size = sizeOf(shape);
  if (shape.every((extent) => Number.isInteger(extent) && extent >= 0) && size <= MOST_ENTRIES) {
    return new Float64Array(size);
  }
  throw new RangeError(`a constant of shape [${shape}], more than the ${MOST_ENTRIES} numbers that are computed ahead`);
}

/** Row-major distances between neighbours along each axis. */
export function stridesOf(shape: Shape): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/** Positions in the data of every entry of a view, in row-major order of `shape`. */
export function* positions(shape: Shape, strides: readonly number[], start = 0): Generator<number> {
  const index = shape.map(() => 0);
  const size = sizeOf(shape);
  let at = start;
  for (let count = 0; count < size; count++) {
    yield at;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      at += strides[axis]!;
      if (index[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
}

/** The entries of a strided view as a value of their own. */
export function viewed(x: Known, shape: Shape, strides: readonly number[], start = 0): Known {
  const data = room(shape);
  let count = 0;
  for (const at of positions(shape, strides, start)) data[count++] = x.data[at]!;
  return { kind: x.kind, shape, data };
}

/** Strides that read a value of `shape` as one of the broadcast shape `to`. */
export function broadcastStrides(shape: Shape, to: Shape): number[] {
  const own = stridesOf(shape);
  const lead = to.length - shape.length;
  return to.map((_, axis) => (axis < lead || shape[axis - lead] === 1 ? 0 : own[axis - lead]!));
}

/** Joins along `axis`. */
export function joined(parts: readonly Known[], axis: number): Known {
  const [first] = parts as [Known];
  const extent = parts.reduce((sum, { shape }) => sum + shape[axis]!, 0);
  const shape = first.shape.map((own, i) => (i === axis ? extent : own));
  const data = room(shape);
  const runs = shape.slice(0, axis).reduce((product, own) => product * own, 1);
  let at = 0;
  for (let run = 0; run < runs; run++) {
    for (const part of parts) {
      const length = part.data.length / runs;
      data.set(part.data.subarray(run * length, (run + 1) * length), at);
      at += length;
    }
  }
  return { kind: first.kind, shape, data };
}
