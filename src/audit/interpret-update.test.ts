import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backend, drawBatch, freshPayload } from "../../test/small-round.js";
import type { Update } from "../federated/hooks.js";
import { createTrainer } from "../federated/training.js";
import { addScaled, descend, mapUpdate } from "../federated/update.js";
import { createRandom } from "../math/random.js";
import { models } from "../models/index.js";
import { AmbiguousUpdateError, interpretUpdate } from "./interpret-update.js";

const random = createRandom(3);
const trainer = createTrainer(backend, "float32");
const lenet = freshPayload(models.lenet!([1, 8, 8], 6), random.split("lenet"));
const mlp = freshPayload(models.mlp!([1, 4, 4], 10), random.split("mlp"));

const gradientOf = async (payload: typeof lenet, batchSize: number) => {
  const batch = drawBatch(random.split("batch", batchSize), payload.model.inputShape, payload.model.classes, batchSize);
  return (await trainer.gradient(payload, batch)).update;
};
const times = (update: Update, factor: number) => mapUpdate(update, (value) => factor * value);
const expectSame = (ours: Update, theirs: Update, digits = 5) => {
  const [a, b] = [[...ours.values()], [...theirs.values()]].map((all) => all.flatMap(({ data }) => [...data]));
  const largest = Math.max(...b!.map(Math.abs));
  a!.forEach((value, i) => {
    expect(value / largest).toBeCloseTo(b![i]! / largest, digits);
  });
};

const one = await gradientOf(lenet, 1);
const three = await gradientOf(mlp, 3);

describe("one image", () => {
  it("tells sign and scale of any delta, without being told", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-4, max: 0.8, noNaN: true }), fc.constantFrom(1, -1), (scale, sign) => {
        const found = interpretUpdate(lenet, times(one, sign * scale), { batchSize: 1 });
        expect(found).toMatchObject({ kind: "delta", sign });
        expect(found.scale / scale).toBeCloseTo(1, 3);
        expectSame(found.update, one, 3);
      }),
      { numRuns: 10 },
    );
  });

  it("knows a gradient, and local weights after one step", () => {
    const gradient = interpretUpdate(lenet, one, { batchSize: 1 });
    expect(gradient).toMatchObject({ kind: "gradient", sign: 1, scale: 1 });
    expect(gradient.update.get("fc.0.bias")!.data).toEqual(one.get("fc.0.bias")!.data);
    const local = new Map(descend(lenet.weights, one, 0.05)) as Update;
    const found = interpretUpdate(lenet, local, { batchSize: 1 });
    expect(found.kind).toBe("weights");
    expect(found.scale).toBeCloseTo(0.05, 4);
    expect(found.notes.join()).toMatch(/within .* of the global/);
    expectSame(found.update, one, 3);
  });

  it("believes what is stated, and says when the last layer speaks against it", () => {
    const stated = interpretUpdate(lenet, times(one, -0.5), {
      batchSize: 1,
      kind: "delta",
      sign: "global-local",
      scale: 0.5,
    });
    expect(stated).toMatchObject({ sign: 1, scale: 0.5 });
    expect(stated.notes.join()).toContain("speaks against this sign: 5 of 6 bias entries");
    expectSame(stated.update, times(one, -1));
    expect(interpretUpdate(lenet, times(one, 0.1), { batchSize: 1, kind: "gradient" })).toMatchObject({ scale: 1 });
  });
});

describe("several images", () => {
  it("tell their sign while they are fewer than the classes, and are asked for the scale", () => {
    expect(interpretUpdate(mlp, times(three, -0.02), { batchSize: 3, scale: 0.02 })).toMatchObject({
      kind: "delta",
      sign: -1,
    });
    expect(interpretUpdate(mlp, three, { batchSize: 3 })).toMatchObject({ kind: "gradient", scale: 1 });
    expect(() => interpretUpdate(mlp, times(three, 0.02), { batchSize: 3 })).toThrow(
      /say --scale with the learning rate times the local steps \(the last layer suggests about 0.0(19|20|21)\)/,
    );
  });

  it("are asked for the sign where it cannot be told", async () => {
    const many = await gradientOf(mlp, 12);
    const ask = () => interpretUpdate(mlp, many, { batchSize: 12 });
    expect(ask).toThrow(AmbiguousUpdateError);
    expect(ask).toThrow(/both signs fit 12 images; say --kind gradient, or --sign/);
    expect(interpretUpdate(mlp, many, { batchSize: 12, kind: "gradient" }).notes).toEqual([]);
  });
});

describe("what has no answer", () => {
  it.each<[string, Update, RegExp]>([
    ["an update of zeros", times(one, 0), /zero everywhere/],
    ["the global weights", lenet.weights, /equals the global weights/],
    [
      "no cross-entropy",
      addScaled(
        1,
        one,
        mapUpdate(one, () => 0.1),
      ),
      /do not add up to zero/,
    ],
  ])("%s", (_, update, reason) => {
    expect(() => interpretUpdate(lenet, update, { batchSize: 1 })).toThrow(reason);
  });

  it("a scale that is none", () => {
    expect(() => interpretUpdate(lenet, one, { batchSize: 1, scale: 0 })).toThrow(/above 0, got 0/);
  });
});
