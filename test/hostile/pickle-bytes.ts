// Assembles pickles opcode by opcode, and PyTorch files around them.
import { bytesOf, latin1, u32 } from "./bytes.js";
import { type ZipPart, zipOf } from "./zip-bytes.js";

export const NONE = latin1("N");

export const text = (value: string) => bytesOf("X", u32(value.length), value);

/** A whole number up to 63 bits. */
export function int(value: number | bigint): Uint8Array {
  const bits = BigInt.asUintN(64, BigInt(value));
  return bytesOf(
    0x8a,
    8,
    Uint8Array.from({ length: 8 }, (_, i) => Number((bits >> BigInt(8 * i)) & 255n)),
  );
}

export const tuple = (...items: readonly Uint8Array[]) => bytesOf("(", ...items, "t");
export const list = (...items: readonly Uint8Array[]) => bytesOf("](", ...items, "e");
export const dict = (items: Readonly<Record<string, Uint8Array>>) =>
  bytesOf("}(", ...Object.entries(items).flatMap(([key, value]) => [text(key), value]), "u");
export const named = (module: string, name: string) => bytesOf("c", module, "\n", name, "\n");
export const call = (callee: Uint8Array, ...args: readonly Uint8Array[]) => bytesOf(callee, tuple(...args), "R");
export const emptyOrderedDict = call(named("collections", "OrderedDict"));

/** A whole pickle of one value. */
export const pickle = (value: Uint8Array | string, protocol = 2) => bytesOf(0x80, protocol, value, ".");

export interface StoragePieces {
  readonly id?: Uint8Array;
  readonly kind?: string;
  readonly key?: Uint8Array;
  readonly length?: Uint8Array;
}

export const storage = ({ id, kind = "FloatStorage", key = text("0"), length = int(6) }: StoragePieces = {}) =>
  bytesOf(id ?? tuple(text("storage"), named("torch", kind), key, text("cpu"), length), "Q");

export interface TensorPieces {
  readonly of?: Uint8Array;
  readonly offset?: Uint8Array;
  readonly shape?: Uint8Array;
  readonly strides?: Uint8Array;
  readonly metadata?: Uint8Array;
}

/** A tensor of shape [2, 3] over storage "0", where the pieces do not say otherwise. */
export const tensor = ({
  of = storage(),
  offset = int(0),
  shape = tuple(int(2), int(3)),
  strides = tuple(int(3), int(1)),
  metadata,
}: TensorPieces = {}) =>
  call(
    named("torch._utils", "_rebuild_tensor_v2"),
    of,
    offset,
    shape,
    strides,
    latin1("\x89"),
    emptyOrderedDict,
    ...(metadata ? [metadata] : []),
  );

/** Six float32 numbers. */
export const SIX = new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);

/** A .pt archive of this pickle and these storages. */
export function ptOf(
  pickled: Uint8Array,
  storages: Readonly<Record<string, Uint8Array>> = { 0: SIX },
  more: readonly ZipPart[] = [],
): Uint8Array {
  return zipOf([
    { name: "archive/data.pkl", data: pickled },
    ...Object.entries(storages).map(([key, data]) => ({ name: `archive/data/${key}`, data })),
    { name: "archive/version", data: latin1("3\n") },
    ...more,
  ]);
}
