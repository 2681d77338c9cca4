import { describe, expect, it } from "vitest";
import type { ImageShape } from "../data/dataset.js";
import { createGraph } from "../engine/index.js";
import { createRandom } from "../math/random.js";
import { sizeOf } from "../math/tensor.js";
import { initialise, type Model, parameterInputs, parameterValues } from "./define.js";
import { models, textModels } from "./index.js";
import { residual } from "./layers.js";
import { convolution } from "./layers-image.js";
import { oneHot, traceLoss } from "./loss.js";

/** Inputs for nets that refuse 3x17x13. */
const unusual: Readonly<Record<string, ImageShape>> = {
  vgg11: [3, 32, 34],
  vgg16: [3, 34, 32],
  vit: [3, 16, 12],
  "vit-tiny": [3, 16, 12],
  "vit-small": [3, 16, 12],
  transformer: [5, 1, 6],
};

const count = (model: Model) => model.parameters.reduce((total, { shape }) => total + sizeOf(shape), 0);

describe("models", () => {
  it.each<[string, [number, number, number], number, number]>([
    // 85,036: spec/attacks-optimization.md 1.13. The others by hand from the layer list there.
    ["lenet", [3, 32, 32], 100, 85_036],
    ["lenet", [1, 28, 28], 10, 13_426],
    ["lenet-wide", [3, 32, 32], 10, 64 * 75 + 2 * 64 * 1600 + 3 * 64 + 10 * 4096 + 10],
    ["convnet", [3, 32, 32], 10, 32 * 27 + 32 * 288 + 64 * 288 + 128 + 10 * 4096 + 10],
    ["mlp", [3, 32, 32], 10, 256 * 3072 + 256 + 2560 + 10],
    ["convnet8", [3, 32, 32], 10, 64 * 27 + 7 * 64 * 576 + 8 * 64 + 10 * 4096 + 10],
    ["convnet-bn", [3, 32, 32], 10, 64 * 27 + (64 + 128) * 576 + 2 * 256 + 10 * 8192 + 10],
    ["cnn6", [3, 32, 32], 1, 12 * 48 + 36 * (108 + 324 + 324) + 64 * 324 + 128 * 576 + 3200],
    // 271,098 numbers of the trained net (shared data) less 2 × 688 running statistics; the others as torchvision and DeiT count them.
    ["resnet20", [3, 32, 32], 10, 271_098 - 2 * 688],
    ["resnet18", [3, 224, 224], 1000, 11_689_512],
    ["resnet34", [3, 224, 224], 1000, 21_797_672],
    ["resnet50", [3, 224, 224], 1000, 25_557_032],
    ["vgg11", [3, 224, 224], 1000, 132_863_336],
    ["vgg16", [3, 224, 224], 1000, 138_357_544],
    ["mobilenetv2", [3, 224, 224], 1000, 3_504_872],
    ["vit-tiny", [3, 224, 224], 1000, 5_717_416],
    ["vit-small", [3, 224, 224], 1000, 22_050_664],
  ])("%s for %j and %d classes has %d parameters", (id, shape, classes, expected) => {
    expect(count(models[id]!(shape, classes))).toBe(expected);
  });

  it.each(Object.entries({ ...models, ...textModels }))(
    "%s traces to logits and features that its head joins",
    (id, make) => {
      const shape = unusual[id] ?? ([3, 17, 13] as const);
      const model = make(shape, 7);
      expect(model.id).toBe(id);
      const graph = createGraph();
      const x = graph.input("x", [2, ...shape]);
      const traced = traceLoss(model, x, graph.input("t", [2, 7]));
      const { loss, logits, features, gradients, batchStatistics } = traced;
      expect(batchStatistics.size).toBe(0);
      expect([loss.shape, logits.shape]).toEqual([[], [2, 7]]);
      expect(gradients.map(({ shape }) => shape)).toEqual(model.parameters.map(({ shape }) => shape));
      const shapes = new Map(model.parameters.map(({ name, shape }) => [name, shape]));
      expect(shapes.get(model.head.weight)).toEqual([7, features.shape[1]]);
      const { bias } = model.head;
      expect(bias && shapes.get(bias)).toEqual(bias && [7]);
      const names = [...model.parameters, ...model.buffers].map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
    },
  );

  it("gives small images a stem of their own", () => {
    const stem = (size: number) => {
      const model = models.resnet18!([3, size, size], 2);
      const graph = createGraph();
      const { features } = model.forward(graph.input("x", [1, 3, size, size]), parameterInputs(graph, model));
      return [model.parameters[0]!.shape, features.shape];
    };
    expect(stem(64)).toEqual([
      [64, 3, 3, 3],
      [1, 512],
    ]);
    expect(stem(65)).toEqual([
      [64, 3, 7, 7],
      [1, 512],
    ]);
  });

  it("says which images a net cannot take, and why", () => {
    expect(() => models.vgg11!([3, 31, 32], 2)).toThrow(
      new RangeError("model vgg11 cannot take images of 3x31x32: a layer's output would be empty"),
    );
    expect(() => models.vit!([3, 32, 30], 2)).toThrow(
      new RangeError("model vit cannot take images of 3x32x30: patches of 4 pixels do not cover them"),
    );
    expect(() => residual(convolution("c", { filters: 2, kernel: 1 }))([3, 4, 4])).toThrow(
      new RangeError("a shortcut of 3x4x4 does not add to 2x4x4"),
    );
  });

  it("lists what every BatchNorm layer saw in train mode", () => {
    const model = models.resnet20!([3, 8, 8], 2);
    const graph = createGraph();
    const { batchStatistics } = model.forward(graph.input("x", [2, 3, 8, 8]), parameterInputs(graph, model), "train");
    const layers = [...batchStatistics.keys()];
    expect(model.buffers.map(({ name }) => name)).toEqual(
      layers.flatMap((layer) => [`${layer}.running_mean`, `${layer}.running_var`]),
    );
    expect([...batchStatistics.values()].map(({ mean, variance }) => [mean.shape, variance.shape])).toEqual(
      layers.map((layer) => {
        const { shape } = model.buffers.find(({ name }) => name === `${layer}.running_mean`)!;
        return [shape, shape];
      }),
    );
  });

  it("draws weights within their bounds, from a stream for each name, the same for the same seed", () => {
    const model = models.lenet!([3, 32, 32], 10);
    const weights = initialise(model, createRandom(7));
    expect(initialise(model, createRandom(7))).toEqual(weights);
    for (const { name, shape, initial } of model.parameters) {
      const { data } = weights.get(name)!;
      expect(data.length).toBe(sizeOf(shape));
      expect(initial).toEqual({ uniform: 0.5 });
      expect(Math.max(...data.map(Math.abs))).toBeLessThanOrEqual(0.5);
    }
    const mean = Array.from(weights.get("fc.0.weight")!.data).reduce((sum, w) => sum + w * w, 0) / sizeOf([10, 768]);
    expect(mean).toBeCloseTo(1 / 12, 2);
    const wider = initialise(models.lenet!([3, 32, 32], 20), createRandom(7));
    expect(wider.get("body.2.weight")).toEqual(weights.get("body.2.weight"));
  });

  it("bounds fan-in initialisation by 1/√(fan-in)", () => {
    const initial = models.convnet!([3, 8, 8], 2).parameters.map((parameter) => parameter.initial);
    const fans = [27, 27, 288, 288, 288, 288, 256, 256];
    expect(initial).toEqual(fans.map((fan) => ({ uniform: 1 / Math.sqrt(fan) })));
  });

  it("names parameter inputs after the parameters", () => {
    const model = models.mlp!([1, 2, 2], 3);
    const input = parameterInputs(createGraph(), model);
    const names = model.parameters.map(({ name }) => input(name).attributes.name);
    expect(Object.keys(parameterValues(initialise(model, createRandom(1))))).toEqual(names);
    expect(names).toEqual(["parameter:fc1.weight", "parameter:fc1.bias", "parameter:fc2.weight", "parameter:fc2.bias"]);
    expect(() => input("fc3.bias")).toThrow(new RangeError('model mlp has no parameter or buffer "fc3.bias"'));
  });

  it("makes one-hot rows", () => {
    expect([...oneHot([2, 0], 3)]).toEqual([0, 0, 1, 1, 0, 0]);
  });
});
