import { describe, expect, it } from "vitest";
import { createGraph } from "../engine/index.js";
import { createRandom } from "../math/random.js";
import { sizeOf } from "../math/tensor.js";
import { initialise, type Model, parameterInputs, parameterValues } from "./define.js";
import { models } from "./index.js";
import { oneHot, traceLoss } from "./loss.js";

const count = (model: Model) => model.parameters.reduce((total, { shape }) => total + sizeOf(shape), 0);

describe("models", () => {
  it.each<[string, [number, number, number], number, number]>([
    // 85,036: spec/attacks-optimization.md 1.13. The others by hand from the layer list there.
    ["lenet", [3, 32, 32], 100, 85_036],
    ["lenet", [1, 28, 28], 10, 13_426],
    ["lenet-wide", [3, 32, 32], 10, 64 * 75 + 2 * 64 * 1600 + 3 * 64 + 10 * 4096 + 10],
    ["convnet", [3, 32, 32], 10, 32 * 27 + 32 * 288 + 64 * 288 + 128 + 10 * 4096 + 10],
    ["mlp", [3, 32, 32], 10, 256 * 3072 + 256 + 2560 + 10],
  ])("%s for %j and %d classes has %d parameters", (id, shape, classes, expected) => {
    expect(count(models[id]!(shape, classes))).toBe(expected);
  });

  it.each(Object.entries(models))("%s traces to logits and features that its head joins", (id, make) => {
    const model = make([3, 17, 13], 7);
    expect(model.id).toBe(id);
    const graph = createGraph();
    const x = graph.input("x", [2, 3, 17, 13]);
    const { loss, logits, features, gradients } = traceLoss(model, x, graph.input("t", [2, 7]));
    expect([loss.shape, logits.shape]).toEqual([[], [2, 7]]);
    expect(gradients.map(({ shape }) => shape)).toEqual(model.parameters.map(({ shape }) => shape));
    const shapes = new Map(model.parameters.map(({ name, shape }) => [name, shape]));
    expect(shapes.get(model.head.weight)).toEqual([7, features.shape[1]]);
    expect(shapes.get(model.head.bias!)).toEqual([7]);
    expect(new Set(shapes.keys()).size).toBe(model.parameters.length);
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
