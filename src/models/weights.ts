// Tensors from a file as the weights of a model: every parameter and buffer, nothing else, in the right shape.
import { cast, type Tensor, tensor } from "../math/tensor.js";
import type { Model, Weights } from "./define.js";
import { WeightsError } from "./weights-error.js";

// A file for another network differs everywhere; the first names say as much as all of them.
const NAMES_SHOWN = 8;

function listed(word: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : "";
  return [`${word} ${names.slice(0, NAMES_SHOWN).join(", ")}${more}`];
}

/** PyTorch's count of the batches that BatchNorm has seen, which matters to no computation here. */
const isBatchCount = (name: string) => name.endsWith(".num_batches_tracked");

/**
 * The weights of `model` in its own order, as float32; PyTorch's `num_batches_tracked` is passed over. Throws WeightsError that lists what `tensors` lack, what they have too much
 * and whose shape differs; `file` is how the error calls their source.
 */
export function loadWeights(model: Model, tensors: ReadonlyMap<string, Tensor>, file: string): Weights {
  const wanted = [...model.parameters, ...model.buffers];
  const known = new Set(wanted.map(({ name }) => name));
  const missing = wanted.filter(({ name }) => !tensors.has(name));
  const surplus = [...tensors.keys()].filter((name) => !known.has(name) && !isBatchCount(name));
  const illShaped = wanted.filter(({ name, shape }) => {
    const held = tensors.get(name);
    return held && held.shape.join() !== shape.join();
  });
  const problems = [
    ...listed(
      "without",
      missing.map(({ name, shape }) => `${name} [${shape}]`),
    ),
    ...listed("with surplus", surplus),
    ...listed(
      "with",
      illShaped.map(({ name, shape }) => `${name} [${tensors.get(name)!.shape}] instead of [${shape}]`),
    ),
  ];
  if (problems.length > 0) {
    const size = `${model.inputShape.join("x")} images and ${model.classes} classes`;
    const buffers = model.buffers.length > 0 ? ` and ${model.buffers.length} buffers` : "";
    const expected = `the ${model.parameters.length} parameters${buffers} of ${model.id} for ${size}`;
    throw new WeightsError({ file, expected, actual: `${tensors.size} tensors ${problems.join("; ")}` });
  }
  return new Map(wanted.map(({ name, shape }) => [name, tensor(shape, cast(tensors.get(name)!.data, "float32"))]));
}
