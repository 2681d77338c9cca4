// What a PyTorch file may refer to: storages, the functions that make tensors and parameters of them, and ordered
// dicts. The functions here only note what they were given; nothing is read or allocated before `readTorchTensors` has
// checked it. Semantics: torch/_utils.py and torch/serialization.py.
import type { Fail } from "../weights-error.js";
import { type ElementType, isElementType } from "./elements.js";
import { Global, PICKLE_REMEDY, type PickleRules } from "./pickle-machine.js";

/** A run of numbers that lies elsewhere in the file under `key`. */
export class Storage {
  constructor(
    readonly type: ElementType,
    readonly key: string,
    readonly length: unknown,
  ) {}
}

/** A tensor as the pickle describes it; the numbers are unchecked. */
export class TorchTensor {
  constructor(
    readonly storage: Storage,
    readonly offset: unknown,
    readonly shape: unknown,
    readonly strides: unknown,
  ) {}
}

const storageTypes: Readonly<Record<string, ElementType>> = {
  Double: "F64",
  Float: "F32",
  Half: "F16",
  BFloat16: "BF16",
  Long: "I64",
  Int: "I32",
  Short: "I16",
  Char: "I8",
  Byte: "U8",
  Bool: "BOOL",
};

function rebuildTensor([storage, offset, shape, strides, , , metadata]: readonly unknown[], fail: Fail): TorchTensor {
  if (!(storage instanceof Storage)) return fail("a tensor over a storage of this file", "one over another value");
  if (metadata instanceof Map && metadata.size > 0) {
    fail("a plain tensor", "one marked as conjugated or negated", {
      remedy: "call .resolve_conj().resolve_neg() first",
    });
  }
  return new TorchTensor(storage, offset, shape, strides);
}

function rebuildParameter([data]: readonly unknown[], fail: Fail): TorchTensor {
  return data instanceof TorchTensor ? data : fail("a parameter made of a tensor", "another value");
}

function orderedDict(args: readonly unknown[], fail: Fail): Map<unknown, unknown> {
  if (args.length > 0) fail("an ordered dict filled item by item", "one made of a list", { remedy: PICKLE_REMEDY });
  return new Map();
}

function size([extents]: readonly unknown[], fail: Fail): readonly unknown[] {
  return Array.isArray(extents) ? extents : fail("a torch.Size of a tuple", "another value");
}

const globals: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ...Object.entries(storageTypes).map(([name, type]) => [`torch.${name}Storage`, type] as const),
  ["torch._utils._rebuild_tensor", rebuildTensor],
  ["torch._utils._rebuild_tensor_v2", rebuildTensor],
  ["torch._utils._rebuild_parameter", rebuildParameter],
  ["torch._utils._rebuild_parameter_with_state", rebuildParameter],
  ["torch.Size", size],
  ["collections.OrderedDict", orderedDict],
]);

/**
 * ("storage", class, key, device, length), and in old files a sixth entry for views of storages, which PyTorch itself
 * gave up.
 */
function persistent(id: unknown, fail: Fail): Storage {
  if (!Array.isArray(id) || id[0] !== "storage") return fail("a reference to a storage", "another persistent id");
  const [, storageClass, key, , length, view = null] = id;
  const type = storageClass instanceof Global ? storageClass.meaning : undefined;
  if (typeof type !== "string" || !isElementType(type)) return fail("the class of a storage", "another value");
  if (typeof key !== "string") return fail("a storage with a key", "one without");
  if (view !== null)
    fail("a whole storage", "a view of another one", { remedy: "load and save the file with PyTorch 1.6 or newer" });
  return new Storage(type, key, length);
}

export const torchRules = { globals, persistent } satisfies PickleRules;
