import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../math/random.js";
import { type Shape, sizeOf, type Tensor, tensor } from "../../math/tensor.js";
import { initialise } from "../define.js";
import lenet from "../lenet.js";
import resnet20 from "../resnet20.js";
import { WeightsError } from "../weights-error.js";
import { type Matchable, matchTensors } from "./match-tensors.js";
import type { TensorFile } from "./tensor-file.js";

const parameter = (name: string, shape: Shape) => ({ name, shape, initial: { constant: 0 } });
const net: Matchable = {
  id: "net",
  parameters: [
    parameter("conv.weight", [2, 1, 3, 3]),
    parameter("bn.weight", [2]),
    parameter("bn.bias", [2]),
    parameter("fc.weight", [3, 2]),
    parameter("fc.bias", [3]),
  ],
  buffers: [parameter("bn.running_mean", [2]), parameter("bn.running_var", [2])],
};

/** A tensor of this shape, whose first number tells it from others. */
const marked = (shape: Shape, mark: number): Tensor => tensor(shape, new Float32Array(sizeOf(shape)).fill(mark));
const named = (entries: readonly (readonly [string, Shape])[], passedOver: string[] = []): TensorFile => ({
  format: "pt",
  named: true,
  tensors: new Map(entries.map(([name, shape], i) => [name, marked(shape, i)])),
  passedOver,
});
const listed = (shapes: readonly Shape[]): TensorFile => ({
  format: "npz",
  named: false,
  tensors: new Map(shapes.map((shape, i) => [`${i}`, marked(shape, i)])),
  passedOver: [],
});
const pairs = net.parameters.map(({ name, shape }) => [name, shape] as const);
const state: [string, Shape][] = [
  ["conv.weight", [2, 1, 3, 3]],
  ["bn.weight", [2]],
  ["bn.bias", [2]],
  ["bn.running_mean", [2]],
  ["bn.running_var", [2]],
  ["bn.num_batches_tracked", []],
  ["fc.weight", [3, 2]],
  ["fc.bias", [3]],
];
const match = (file: TensorFile, model = net) => matchTensors(model, file, "update.pt");
const marks = (file: TensorFile, model = net) =>
  [...match(file, model).tensors].map(([name, { data }]) => `${name}=${data[0]}`).join(" ");

describe("matchTensors", () => {
  it("goes by name whatever the order, in the model's order", () => {
    const file = named([...pairs].reverse());
    expect(marks(file)).toBe("conv.weight=4 bn.weight=3 bn.bias=2 fc.weight=1 fc.bias=0");
    expect(match(file)).toMatchObject({ by: "name", absent: ["bn.running_mean", "bn.running_var"], left: [] });
    expect(match(file).report).toBe(
      '5 parameters of net matched by name; without the buffers "bn.running_mean", "bn.running_var"',
    );
  });

  it("takes buffers along and says what it has no use for, but for counts of batches", () => {
    const found = match(named([...state, ["loss.weight", [3]]], ["epoch"]));
    expect(found.report).toBe(
      '5 parameters and 2 buffers of net matched by name; left over: "loss.weight"; passed over, as they are no tensors: "epoch"',
    );
    expect([...found.sources.keys()].slice(-2)).toEqual(["bn.running_mean", "bn.running_var"]);
  });

  it.each(["module.", "model.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.model."])(
    "drops %s before the file's names or the model's",
    (prefix) => {
      const wrap = <T extends readonly [string, Shape]>([name, shape]: T) => [`${prefix}${name}`, shape] as const;
      const wrapped = match(named([...state.map(wrap), ["head.weight", [1]]]));
      expect(wrapped).toMatchObject({ by: "prefix", left: ["head.weight"], absent: [] });
      expect(wrapped.sources.get("fc.bias")).toBe(`${prefix}fc.bias`);
      expect(wrapped.report).toContain(`("conv.weight" is "${prefix}conv.weight")`);
      const model = { ...net, parameters: pairs.map(wrap).map(([name, shape]) => parameter(name, shape)), buffers: [] };
      expect(match(named(pairs), model).by).toBe("prefix");
    },
  );

  it("prefers exact names, and does not drop a prefix that tells two tensors apart", () => {
    const twice = [...pairs, ...pairs.map(([name, shape]) => [`model.${name}`, shape] as const)];
    expect(match(named(twice))).toMatchObject({ by: "name", left: pairs.map(([name]) => `model.${name}`) });
    const others = twice.map(([name, shape]) => [name.startsWith("model.") ? name : `module.${name}`, shape] as const);
    expect(() => match(named(others))).toThrow("10 tensors with names of other tensors");
  });

  it("goes by order where there are no names: parameters(), state_dict() with and without counts of batches", () => {
    const shapes = (entries: readonly (readonly [string, Shape])[]) => listed(entries.map(([, shape]) => shape));
    expect(marks(shapes(pairs))).toBe("conv.weight=0 bn.weight=1 bn.bias=2 fc.weight=3 fc.bias=4");
    expect(match(shapes(pairs)).report).toContain("matched by order and shape, as it has no names");
    const without = state.filter(([name]) => !name.endsWith("tracked"));
    expect(marks(shapes(without))).toBe(
      "conv.weight=0 bn.weight=1 bn.bias=2 fc.weight=5 fc.bias=6 bn.running_mean=3 bn.running_var=4",
    );
    expect(marks(shapes(state))).toBe(
      "conv.weight=0 bn.weight=1 bn.bias=2 fc.weight=6 fc.bias=7 bn.running_mean=3 bn.running_var=4",
    );
    expect(match(shapes(state)).left).toEqual(["5"]);
  });

  it("goes by order where all names are others, and says so", () => {
    const keras = named(pairs.map(([, shape], i) => [`layer_${i}/w:0`, shape] as const));
    expect(match(keras)).toMatchObject({ by: "order" });
    expect(match(keras).report).toContain("matched by order and shape, as its names are others");
  });

  it("goes by shape only where that leaves no choice", () => {
    const model = { ...net, parameters: net.parameters.filter(({ name }) => !name.startsWith("bn")), buffers: [] };
    expect(marks(listed([[3], [9], [3, 2], [2, 1, 3, 3]]), model)).toBe("conv.weight=3 fc.weight=2 fc.bias=0");
    expect(match(listed([[3], [9], [3, 2], [2, 1, 3, 3]]), model)).toMatchObject({ by: "shape", left: ["1"] });
    expect(() => match(listed([[3], [3], [3, 2], [2, 1, 3, 3]]), model)).toThrow(WeightsError);
    expect(() => match(listed([[2], [2, 1, 3, 3], [2], [3, 2], [3]]))).toThrow(WeightsError);
  });

  it.each<[string, TensorFile, string]>([
    [
      "a parameter without a partner",
      named([...pairs.slice(1), ["odd", [1]]]),
      'update.pt: expected the 5 parameters of net, found a file without "conv.weight"; it has no use for "odd"; name the tensors',
    ],
    [
      "another shape",
      named(pairs.map(([name, shape]) => [name, name === "fc.bias" ? [4] : shape] as const)),
      'found a file with "fc.bias" [4] instead of [3]; check that the file belongs to this model',
    ],
    ["a buffer of another shape", named([...pairs, ["bn.running_var", [7]]]), '"bn.running_var" [7] instead of [2]'],
    [
      "a list of other shapes",
      listed([[2, 1, 3, 3], [5], [2], [3, 2], [3]]),
      '5 tensors with no names, and in order [5] at position 1, where "bn.weight" is [2]; bring tensors of this model',
    ],
    ["a list that ends early", listed([[2, 1, 3, 3]]), 'nothing at position 1, where "bn.weight" is [2]'],
    ["a list that goes on", listed([...pairs.map(([, shape]) => shape), [1]]), "6 tensors with no names;"],
  ])("refuses %s", (_, file, message) => {
    expect(() => match(file)).toThrow(WeightsError);
    expect(() => match(file)).toThrow(message);
  });

  it("finds the weights of our own models again, shuffled and wrapped or listed", () => {
    for (const model of [lenet([3, 16, 16], 5), resnet20([3, 8, 8], 4)]) {
      const weights = [...initialise(model, createRandom(3))];
      fc.assert(
        fc.property(fc.shuffledSubarray(weights, { minLength: weights.length }), fc.boolean(), (shuffled, wrap) => {
          const tensors = new Map(shuffled.map(([name, held]) => [wrap ? `module.${name}` : name, held]));
          const found = matchTensors(model, { format: "pt", named: true, tensors, passedOver: [] }, "w");
          expect([...found.tensors]).toEqual(weights);
        }),
        { numRuns: 5 },
      );
      const gradients = weights.slice(0, model.parameters.length);
      const tensors = new Map(gradients.map(([, held], i) => [`${i}`, held]));
      const found = matchTensors(model, { format: "npz", named: false, tensors, passedOver: [] }, "w");
      expect([...found.tensors]).toEqual(gradients);
    }
  });
});
