// Reads the .pt and .pth files that torch.save wrote before version 1.6, or on request since: pickles of a magic
// number, a version, the writer's machine, the value and the list of storage keys, then for each key the length of the
// storage and its numbers. Nothing in a file is executed. Format: _legacy_save in torch/serialization.py.
import { type Fail, failIn, quote } from "../weights-error.js";
import { elements } from "./elements.js";
import { unpickle } from "./pickle.js";
import { describeValue, PICKLE_REMEDY } from "./pickle-machine.js";
import type { PtContent } from "./pt.js";
import { findTensors } from "./torch-content.js";
import { type Storage, torchRules } from "./torch-globals.js";
import { readTorchTensors, type Storages } from "./torch-tensors.js";

const MAGIC = 0x1950a86a20f9469cfc6cn;
const VERSION = 1001;

/** Tensors of a file; `file` is how errors call it. Throws WeightsError. */
export function readPtLegacy(bytes: Uint8Array, file: string): PtContent {
  const fail = failIn(file);
  const seen = new Map<string, Storage>();
  const rules = {
    ...torchRules,
    persistent(id: unknown, failHere: Fail) {
      const storage = torchRules.persistent(id, failHere);
      const before = seen.get(storage.key) ?? storage;
      if (before.type !== storage.type) failHere(`storage ${quote(storage.key)} of ${before.type} again`, storage.type);
      seen.set(storage.key, before);
      return storage;
    },
  };
  let at = 0;
  const next = (): unknown => {
    const { value, end } = unpickle(bytes, at, rules, fail);
    at = end;
    return value;
  };
  if (next() !== MAGIC) fail("a file that torch.save wrote", "another pickle", { at: 0, remedy: PICKLE_REMEDY });
  const version = next();
  if (version !== VERSION)
    fail(`PyTorch's format version ${VERSION}`, describeValue(version), { remedy: PICKLE_REMEDY });
  const machine = next();
  const root = next();
  const keys = next();
  if (!Array.isArray(keys)) return fail("a list of storage keys", describeValue(keys), { at });
  const parts = readStorages(bytes, at, keys, seen, fail);
  const storages: Storages = {
    fileBytes: bytes.length,
    littleEndian: !(machine instanceof Map) || machine.get("little_endian") !== false,
    bytesOf: ({ key }) => parts.get(key) ?? fail(`storage ${quote(key)}`, "none of this key"),
  };
  const content = findTensors(root, fail);
  return { ...content, tensors: readTorchTensors(content, storages, fail) };
}

function readStorages(
  bytes: Uint8Array,
  begin: number,
  keys: readonly unknown[],
  seen: ReadonlyMap<string, Storage>,
  fail: Fail,
): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const parts = new Map<string, Uint8Array>();
  let at = begin;
  for (const key of keys) {
    const storage = typeof key === "string" ? seen.get(key) : undefined;
    if (!storage) return fail("keys of storages that the tensors refer to", describeValue(key), { at });
    if (parts.has(storage.key)) fail("every storage once", `${quote(storage.key)} twice`, { at });
    if (at + 8 > bytes.length) fail(`storage ${quote(storage.key)}`, "the end of the file", { at });
    const length = Number(view.getBigUint64(at, true)) * elements[storage.type].bytes;
    if (length > bytes.length - at - 8) {
      fail(`${length} bytes in storage ${quote(storage.key)}`, `${bytes.length - at - 8} up to the end of the file`, {
        at,
      });
    }
    parts.set(storage.key, bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  if (at !== bytes.length) fail("the end of the file", `${bytes.length - at} bytes more`, { at });
  return parts;
}
