// Reads and writes safetensors files, the exchange format for weights that cannot carry code. Half precision is widened to float32.
import { type FloatArray, sizeOf, type Tensor, tensor } from "../math/tensor.js";
import { type ElementType, itemSizes, readHeader } from "./safetensors-header.js";

/** Little-endian bytes as numbers; `bytes` is a copy, so that it is aligned and outlives the file. */
const decoders: Readonly<Record<ElementType, (bytes: Uint8Array<ArrayBuffer>) => FloatArray>> = {
  F64: (bytes) => new Float64Array(bytes.buffer),
  F32: (bytes) => new Float32Array(bytes.buffer),
  F16: (bytes) => Float32Array.from(new Uint16Array(bytes.buffer), widenHalf),
  BF16: (bytes) => new Float32Array(Uint32Array.from(new Uint16Array(bytes.buffer), (bits) => bits << 16).buffer),
};

/** IEEE binary16 to a number. */
function widenHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/**
 * All tensors of a file by name, in the order of its header; F64 as float64, F32, F16 and BF16 as float32. `name` is how errors call
 * the file. Throws WeightsError on anything that breaks the format: nothing of a damaged file is returned.
 */
export function readSafetensors(bytes: Uint8Array, name: string): Map<string, Tensor> {
  return new Map(
    readHeader(bytes, name).map((entry) => [
      entry.name,
      tensor(entry.shape, decoders[entry.type](new Uint8Array(bytes.subarray(entry.begin, entry.end)))),
    ]),
  );
}

/** A file that holds `tensors`, float64 ones first so that every one is aligned. The same tensors give the same bytes. */
export function writeSafetensors(tensors: ReadonlyMap<string, Tensor>): Uint8Array {
  const header: Record<string, unknown> = Object.create(null);
  const parts: Uint8Array[] = [];
  let offset = 0;
  const typeOf = ({ data }: Tensor) => (data instanceof Float64Array ? "F64" : "F32");
  const order = (a: [string, Tensor], b: [string, Tensor]) =>
    itemSizes[typeOf(b[1])] - itemSizes[typeOf(a[1])] || (a[0] < b[0] ? -1 : 1);
  for (const [name, held] of [...tensors].sort(order)) {
    const { shape, data } = held;
    if (name === "__metadata__") throw new RangeError(`a tensor cannot be called "${name}": the format reserves it`);
    if (sizeOf(shape) !== data.length) {
      throw new RangeError(
        `tensor "${name}" of shape [${shape}] holds ${data.length} numbers, expected ${sizeOf(shape)}`,
      );
    }
    header[name] = { dtype: typeOf(held), shape, data_offsets: [offset, offset + data.byteLength] };
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    offset += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(8 + length + offset).fill(0x20, 8, 8 + length);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.set(json, 8);
  let at = 8 + length;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}
