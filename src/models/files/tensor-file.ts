// What every reader of tensor files returns, and how lists are told from names.
import type { Tensor } from "../../math/tensor.js";
import { type Fail, quote } from "../weights-error.js";

export type TensorFormat = "safetensors" | "npy" | "npz" | "pt" | "npy-folder";

export interface TensorFile {
  readonly format: TensorFormat;
  /**
   * Whether the keys are names of the user's; where not, the file holds a list and the keys are its positions, "0",
   * "1", …
   */
  readonly named: boolean;
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Keys of what stood in the file beside the tensors, such as a checkpoint's epoch. */
  readonly passedOver: readonly string[];
}

/** What numpy.savez calls arrays without a name, and what a loop over a list calls its files. */
const POSITION = /^(arr_)?(0|[1-9]\d{0,8})$/;

/**
 * Tensors by name, or a list where every name is a position: `arr_0`, `arr_1`, … or `0`, `1`, … in any order. Calls
 * `fail` on a list with gaps, as a lost tensor would shift all after it, and on no tensors at all.
 */
export function asTensorFile(
  format: TensorFormat,
  tensors: ReadonlyMap<string, Tensor>,
  fail: Fail,
  passedOver: readonly string[] = [],
): TensorFile {
  if (tensors.size === 0) fail("at least one tensor", "none");
  const positions = new Map<number, Tensor>();
  const prefixes = new Set<string>();
  for (const [name, held] of tensors) {
    const [, prefix = "", digits] = POSITION.exec(name) ?? [];
    if (digits === undefined) return { format, named: true, tensors, passedOver };
    prefixes.add(prefix);
    positions.set(Number(digits), held);
  }
  const [prefix = ""] = prefixes;
  if (prefixes.size > 1) return { format, named: true, tensors, passedOver };
  const list = Array.from({ length: tensors.size }, (_, i): [string, Tensor] => {
    const held = positions.get(i);
    return held
      ? [`${i}`, held]
      : fail(`${tensors.size} arrays from ${prefix}0 on`, `none called ${quote(`${prefix}${i}`)}`);
  });
  return { format, named: false, tensors: new Map(list), passedOver };
}
