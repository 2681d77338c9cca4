// Tensors of a PyTorch file as dense tensors: views are checked against their storage and unfolded, each storage
// against its bytes.
import { type Tensor, tensor } from "../../math/tensor.js";
import { type Fail, quote } from "../weights-error.js";
import { decodeElements, elements } from "./elements.js";
import { growthLimit } from "./growth.js";
import { describeValue } from "./pickle-machine.js";
import { spanOf, toDense } from "./strided.js";
import type { TorchContent } from "./torch-content.js";
import type { Storage, TorchTensor } from "./torch-globals.js";

/** Where a file keeps its numbers. */
export interface Storages {
  /** Size of the whole file in bytes, which limits what it may unfold to. */
  readonly fileBytes: number;
  readonly littleEndian: boolean;
  /** All bytes of a storage. */
  bytesOf(storage: Storage): Uint8Array;
}

/** PyTorch's own limit of dimensions. */
const RANK_LIMIT = 64;

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length <= RANK_LIMIT && value.every(isCount);

/**
 * The tensors of `content` with their numbers, by the rule of elements.ts. Calls `fail` on a tensor that its storage
 * does not hold.
 */
export function readTorchTensors({ tensors }: TorchContent, storages: Storages, fail: Fail): Map<string, Tensor> {
  const limit = growthLimit(storages.fileBytes);
  let unfolded = 0;
  const held = new Map<string, Tensor>();
  for (const [name, described] of tensors) {
    if (held.has(name)) fail("every name once", `${quote(name)} twice`);
    const failHere: Fail = (expected, actual, details) => fail(expected, actual, { at: name, ...details });
    const { type, offset, shape, strides, bytes } = check(described, storages, failHere);
    const span = spanOf(shape, strides);
    const size = shape.reduce((product, extent) => product * extent, 1);
    unfolded += Math.max(span, size) * 8;
    // Written so that a product that overflows to NaN is refused, too.
    if (!(unfolded <= limit)) {
      failHere(`at most ${limit} bytes of tensors from a file of ${storages.fileBytes}`, `${unfolded} so far`, {
        remedy: "save dense tensors of their own: tensor.clone().contiguous()",
      });
    }
    const itemBytes = elements[type].bytes;
    const part = bytes.subarray(offset * itemBytes, (offset + span) * itemBytes);
    held.set(name, tensor(shape, toDense(decodeElements(type, part, storages.littleEndian), shape, strides)));
  }
  return held;
}

/** The tensor's numbers as numbers, and its storage's bytes, in which the view lies. */
function check({ storage, offset, shape, strides }: TorchTensor, storages: Storages, fail: Fail) {
  const { type, key, length } = storage;
  if (!isCount(offset)) return fail("an offset, a whole number from 0 on", describeValue(offset));
  if (!isCounts(shape)) return fail(`a shape of at most ${RANK_LIMIT} whole numbers from 0 on`, describeShape(shape));
  if (!isCounts(strides) || strides.length !== shape.length) {
    return fail(`${shape.length} strides, whole numbers from 0 on`, describeShape(strides));
  }
  if (!isCount(length)) return fail("the length of a storage", describeValue(length));
  const bytes = storages.bytesOf(storage);
  const wanted = length * elements[type].bytes;
  if (wanted !== bytes.length) fail(`${wanted} bytes of ${type} in storage ${quote(key)}`, `${bytes.length}`);
  const reach = offset + spanOf(shape, strides);
  if (reach > length)
    fail(`a view within the ${length} numbers of storage ${quote(key)}`, `one that reaches number ${reach}`);
  return { type, offset, shape, strides, bytes };
}

/** Numbers for a message, the first of them where there are many. */
function describeShape(value: unknown): string {
  if (!Array.isArray(value)) return describeValue(value);
  return `[${value.slice(0, 8).map(describeValue).join(", ")}${value.length > 8 ? ", ..." : ""}]`;
}
