// Element types of tensor files, by the names of the safetensors format, and the one rule by which they become numbers
// here: float32 where it holds every value of the type, else float64. Only 64-bit integers beyond 2^53 are rounded (to
// nearest).
import type { FloatArray } from "../../math/tensor.js";

interface Element {
  readonly bytes: number;
  /** Little-endian bytes as numbers; the buffer may become the result. */
  readonly decode: (buffer: ArrayBuffer) => FloatArray;
}

const table = {
  F64: { bytes: 8, decode: (buffer) => new Float64Array(buffer) },
  F32: { bytes: 4, decode: (buffer) => new Float32Array(buffer) },
  F16: { bytes: 2, decode: widenHalves },
  BF16: { bytes: 2, decode: widenBfloats },
  I64: { bytes: 8, decode: (buffer) => roundLong(new BigInt64Array(buffer)) },
  I32: { bytes: 4, decode: (buffer) => new Float64Array(new Int32Array(buffer)) },
  I16: { bytes: 2, decode: (buffer) => new Float32Array(new Int16Array(buffer)) },
  I8: { bytes: 1, decode: (buffer) => new Float32Array(new Int8Array(buffer)) },
  U64: { bytes: 8, decode: (buffer) => roundLong(new BigUint64Array(buffer)) },
  U32: { bytes: 4, decode: (buffer) => new Float64Array(new Uint32Array(buffer)) },
  U16: { bytes: 2, decode: (buffer) => new Float32Array(new Uint16Array(buffer)) },
  U8: { bytes: 1, decode: (buffer) => new Float32Array(new Uint8Array(buffer)) },
  BOOL: { bytes: 1, decode: (buffer) => new Float32Array(new Uint8Array(buffer)).map((byte) => (byte === 0 ? 0 : 1)) },
} as const satisfies Readonly<Record<string, Element>>;

export type ElementType = keyof typeof table;

export const elements: Readonly<Record<ElementType, Element>> = table;

export const isElementType = (name: string): name is ElementType => Object.hasOwn(table, name);

/**
 * The numbers in `bytes`, whose length must be a multiple of the type's size. Copies: the result does not keep the file
 * alive.
 */
export function decodeElements(type: ElementType, bytes: Uint8Array, littleEndian = true): FloatArray {
  const copy = new Uint8Array(bytes);
  const size = elements[type].bytes;
  if (!littleEndian) for (let at = 0; at < copy.length; at += size) copy.subarray(at, at + size).reverse();
  return elements[type].decode(copy.buffer);
}

/** IEEE binary16 to a number. */
function widenHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

// Loops, because `from` with a function goes through an iterator and takes 20 times as long.

function widenHalves(buffer: ArrayBuffer): Float32Array {
  const halves = new Uint16Array(buffer);
  const wide = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) wide[i] = widenHalf(halves[i]!);
  return wide;
}

/** bfloat16 is the upper half of a float32. */
function widenBfloats(buffer: ArrayBuffer): Float32Array {
  const halves = new Uint16Array(buffer);
  const wide = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) wide[i] = halves[i]! << 16;
  return new Float32Array(wide.buffer);
}

function roundLong(long: BigInt64Array | BigUint64Array): Float64Array {
  const numbers = new Float64Array(long.length);
  for (let i = 0; i < long.length; i++) numbers[i] = Number(long[i]);
  return numbers;
}
