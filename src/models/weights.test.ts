import { describe, expect, it } from "vitest";
import { createRandom } from "../math/random.js";
import { type Tensor, tensor } from "../math/tensor.js";
import { initialise } from "./define.js";
import lenet from "./lenet.js";
import mlp from "./mlp.js";
import resnet20 from "./resnet20.js";
import { readSafetensors, writeSafetensors } from "./safetensors.js";
import { loadWeights } from "./weights.js";
import { WeightsError } from "./weights-error.js";

const model = mlp([3, 2, 2], 4);
const weights = initialise(model, createRandom(1));

describe("loadWeights", () => {
  it("returns what was saved, in the model's order whatever the file's", () => {
    const loaded = loadWeights(model, readSafetensors(writeSafetensors(weights), "w"), "w");
    expect([...loaded]).toEqual([...weights]);
    expect([...loaded.keys()]).toEqual(["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]);
  });

  it("rounds float64 weights to float32, as they travel", () => {
    const wide = new Map(
      [...weights].map(([name, { shape, data }]) => [
        name,
        tensor(
          shape,
          Float64Array.from(data, (v) => v * (1 + 1e-12)),
        ),
      ]),
    );
    expect(loadWeights(model, wide, "w")).toEqual(weights);
  });

  it("lists everything that does not fit at once", () => {
    const tensors = new Map<string, Tensor>([...weights, ["bn.weight", tensor([1], Float32Array.of(1))]]);
    tensors.delete("fc1.bias");
    tensors.set("fc2.weight", tensor([5, 256], new Float32Array(5 * 256)));
    expect(() => loadWeights(model, tensors, "mine.safetensors")).toThrow(
      new WeightsError({
        file: "mine.safetensors",
        expected: "the 4 parameters of mlp for 3x2x2 images and 4 classes",
        actual: "4 tensors without fc1.bias [256]; with surplus bn.weight; with fc2.weight [5,256] instead of [4,256]",
      }),
    );
  });

  it("takes buffers along, and passes over PyTorch's count of batches", () => {
    const normed = resnet20([3, 8, 8], 4);
    const held = new Map(initialise(normed, createRandom(2)));
    const counted = new Map([...held, ["bn1.num_batches_tracked", tensor([], Float32Array.of(7))] as const]);
    expect([...loadWeights(normed, counted, "w")]).toEqual([...held]);
    expect(held.get("bn1.running_var")!.data).toEqual(new Float32Array(16).fill(1));
    held.delete("bn1.running_var");
    expect(() => loadWeights(normed, held, "w")).toThrow(
      /expected the 59 parameters and 38 buffers of resnet20 .* without bn1\.running_var \[16\]/,
    );
  });

  it("shortens the lists of a file for another network", () => {
    const many = new Map(Array.from({ length: 30 }, (_, i) => [`layer.${i}`, tensor([1], Float32Array.of(0))]));
    expect(() => loadWeights(lenet([3, 32, 32], 10), many, "w")).toThrow(/with surplus layer\.0, .* and 22 more$/);
  });
});
