// Reads and writes .npy files, NumPy's format for one array.
import { type Tensor, tensor } from "../../math/tensor.js";
import { failIn, listFew } from "../weights-error.js";
import { decodeElements, elements } from "./elements.js";
import { NPY_MAGIC, readNpyHeader } from "./npy-header.js";
import { denseStrides, toDense } from "./strided.js";

/**
 * The array of a file in row-major order, by the rule of elements.ts; `file` is how errors call it. Throws WeightsError
 * on anything damaged, on arrays of anything but real numbers, and on pickled objects, which are never opened.
 */
export function readNpy(bytes: Uint8Array, file: string): Tensor {
  const fail = failIn(file);
  const { type, littleEndian, columnMajor, shape, begin } = readNpyHeader(bytes, fail);
  const available = bytes.length - begin;
  const wanted = shape.reduce((product, extent) => product * extent, elements[type].bytes);
  if (wanted !== available) {
    fail(`${wanted} bytes for ${type} of shape [${listFew(shape.map(String))}]`, `${available}`, {
      at: begin,
      ...(available > wanted ? { remedy: "save one array per file, or several with numpy.savez" } : {}),
    });
  }
  const data = decodeElements(type, bytes.subarray(begin), littleEndian);
  if (!columnMajor) return tensor(shape, data);
  return tensor(shape, toDense(data, shape, denseStrides(shape.toReversed()).reverse()));
}

const ALIGNMENT = 64;

/**
 * A file that holds `held`, float32 or float64, little-endian and row-major, as `numpy.save` writes it. Throws
 * RangeError where shape and data disagree.
 */
export function writeNpy(held: Tensor): Uint8Array {
  const { shape, data } = tensor(held.shape, held.data);
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const type = data instanceof Float64Array ? "<f8" : "<f4";
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const begin = Math.ceil((NPY_MAGIC.length + 4 + header.length + 1) / ALIGNMENT) * ALIGNMENT;
  const file = new Uint8Array(begin + data.byteLength);
  file.set(NPY_MAGIC);
  file.set([1, 0, (begin - 10) & 255, (begin - 10) >> 8], NPY_MAGIC.length);
  file.fill(0x20, 10, begin - 1);
  file.set(new TextEncoder().encode(header), 10);
  file[begin - 1] = 0x0a;
  file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), begin);
  return file;
}
