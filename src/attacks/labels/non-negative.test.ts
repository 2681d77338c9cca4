import { describe, expect, it } from "vitest";
import type { ImageShape } from "../../data/dataset.js";
import { leakyRelu, mul, relu6, softmax, square, sub } from "../../engine/index.js";
import { models } from "../../models/index.js";
import { activation, chain, type Layer, linear, reluLayer } from "../../models/layers.js";
import { hasNonNegativeFeatures } from "./non-negative.js";

const made = (...layers: readonly Layer[]) => chain("made", [1, 2, 2] as ImageShape, 3, layers, { name: "head" });
const fc1 = linear("fc1", 4);

describe("features that are never negative", () => {
  it.each(["mlp", "lenet", "lenet-wide", "convnet", "convnet-bn", "resnet18", "vgg11", "mobilenetv2"])(
    "are those of %s",
    (id) => {
      expect(hasNonNegativeFeatures(models[id]!([3, 32, 32], 10), 2)).toBe(true);
    },
  );

  it.each(["cnn6", "vit-tiny"])("are not those of %s", (id) => {
    expect(hasNonNegativeFeatures(models[id]!([3, 32, 32], 10), 2)).toBe(false);
  });

  it("are told by the ops that make them", () => {
    expect(hasNonNegativeFeatures(made(fc1, activation(relu6)), 1)).toBe(true);
    expect(hasNonNegativeFeatures(made(fc1, activation(softmax)), 1)).toBe(true);
    expect(hasNonNegativeFeatures(made(fc1, activation(square)), 1)).toBe(true);
    expect(
      hasNonNegativeFeatures(
        made(
          fc1,
          reluLayer,
          activation((x) => mul(0.5, x)),
        ),
        1,
      ),
    ).toBe(true);
    expect(
      hasNonNegativeFeatures(
        made(
          fc1,
          reluLayer,
          activation((x) => mul(-1, x)),
        ),
        1,
      ),
    ).toBe(false);
    expect(
      hasNonNegativeFeatures(
        made(
          fc1,
          reluLayer,
          activation((x) => sub(x, 1)),
        ),
        1,
      ),
    ).toBe(false);
    expect(
      hasNonNegativeFeatures(
        made(
          fc1,
          activation((x) => leakyRelu(x, 0.2)),
        ),
        1,
      ),
    ).toBe(false);
    expect(hasNonNegativeFeatures(made(fc1), 1)).toBe(false);
  });
});
