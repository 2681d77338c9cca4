// What a PyTorch file is about: the tensors among the values that its pickle describes. Found are a tensor, a list of
// tensors, a list of (name, tensor) pairs, a dict of tensors, and one of these within a dict, as training scripts save
// checkpoints.
import { type Fail, listNames } from "../weights-error.js";
import { describeValue, PICKLE_REMEDY } from "./pickle-machine.js";
import { TorchTensor } from "./torch-globals.js";

export interface TorchContent {
  readonly named: boolean;
  readonly tensors: readonly (readonly [name: string, tensor: TorchTensor])[];
  /** Keys of the dict whose values are no tensors. */
  readonly passedOver: readonly string[];
}

/**
 * Where checkpoints keep what they are about, most telling first; consulted only when a dict holds several candidates.
 */
const PREFERRED = ["state_dict", "model_state_dict", "model", "net", "update", "gradients", "gradient", "grads"];

/** The tensors of a file's root value. Calls `fail` where there are none or several candidates. */
export function findTensors(root: unknown, fail: Fail): TorchContent {
  const direct = contentOf(root);
  if (direct) return direct;
  const inside = new Map<string, TorchContent>();
  if (root instanceof Map) {
    for (const [key, value] of root) {
      const content = contentOf(value);
      if (content) inside.set(nameOf(key), content);
    }
  }
  const chosen = inside.size === 1 ? [...inside.keys()][0] : PREFERRED.find((key) => inside.has(key));
  const content = chosen === undefined ? undefined : inside.get(chosen);
  if (content) return content;
  const expected = "a tensor, a list of tensors or a dict of tensors by name, or a dict with one of these";
  if (inside.size > 1)
    return fail(expected, `several, under ${listNames([...inside.keys()])}`, { remedy: "save the one to use" });
  return fail(expected, describe(root), { remedy: PICKLE_REMEDY });
}

function contentOf(value: unknown): TorchContent | undefined {
  if (value instanceof TorchTensor) return { named: false, tensors: [["0", value]], passedOver: [] };
  if (value instanceof Map) return contentOfDict(value);
  if (!Array.isArray(value) || value.length === 0) return undefined;
  if (value.every((item) => item instanceof TorchTensor)) {
    return { named: false, tensors: value.map((item, i) => [`${i}`, item]), passedOver: [] };
  }
  return value.every(isPair) ? { named: true, tensors: value, passedOver: [] } : undefined;
}

const isPair = (item: unknown): item is [string, TorchTensor] =>
  Array.isArray(item) && item.length === 2 && typeof item[0] === "string" && item[1] instanceof TorchTensor;

function contentOfDict(dict: ReadonlyMap<unknown, unknown>): TorchContent | undefined {
  const tensors: [string, TorchTensor][] = [];
  const passedOver: string[] = [];
  for (const [key, value] of dict) {
    if (value instanceof TorchTensor) tensors.push([nameOf(key), value]);
    else passedOver.push(nameOf(key));
  }
  return tensors.length > 0 ? { named: true, tensors, passedOver } : undefined;
}

const nameOf = (key: unknown): string => (typeof key === "string" ? key : describeValue(key));

function describe(root: unknown): string {
  if (root instanceof Map && root.size > 0)
    return `a dict of other things under ${listNames([...root.keys()].map(nameOf))}`;
  if (!Array.isArray(root) || root.length === 0) return describeValue(root);
  const odd = root.findIndex((item) => !(item instanceof TorchTensor));
  return `a list whose entry ${odd} is ${describeValue(root[odd])}`;
}
