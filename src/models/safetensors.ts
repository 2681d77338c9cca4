// Reads and writes safetensors files, the exchange format for weights that cannot carry code.
import { sizeOf, type Tensor, tensor } from "../math/tensor.js";
import { decodeElements, elements } from "./files/elements.js";
import { readHeader } from "./safetensors-header.js";

/**
 * All tensors of a file by name, in the order of its header, by the rule of elements.ts. `name` is how errors call
 * the file. Throws WeightsError on anything that breaks the format: nothing of a damaged file is returned.
 */
export function readSafetensors(bytes: Uint8Array, name: string): Map<string, Tensor> {
  return new Map(
    readHeader(bytes, name).map((entry) => [
      entry.name,
      tensor(entry.shape, decodeElements(entry.type, bytes.subarray(entry.begin, entry.end))),
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
    elements[typeOf(b[1])].bytes - elements[typeOf(a[1])].bytes || (a[0] < b[0] ? -1 : 1);
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
