// The identity behind FGLA: features from the last layer's gradient, and what the offsets are for.
import { describe, expect, it } from "vitest";
import { backend, drawBatch, freshPayload, observed, playRound } from "../../../../test/small-round.js";
import { createRandom } from "../../../math/random.js";
import { type Tensor, tensor } from "../../../math/tensor.js";
import convnet from "../../../models/convnet.js";
import { featuresOf } from "./fgla-decoder.js";
import { recoverFeatures } from "./fgla-features.js";

const shape = [3, 16, 16] as const;
const { signal } = new AbortController();

/** Largest relative error of the features of a batch of `size` distinct labels, with and without the offsets. `peaked` scales the last layer. */
async function errorsOf(size: number, classes: number, peaked = 1) {
  const random = createRandom(5);
  const { model, weights: fresh } = freshPayload(convnet(shape, classes), random.split("net"));
  const { head } = model;
  const scaled = (name: string, { shape: own, data }: Tensor) =>
    tensor(own, name === head.weight ? data.map((value) => peaked * value) : data);
  const payload = { model, weights: new Map([...fresh].map(([name, held]) => [name, scaled(name, held)])) };
  const drawn = drawBatch(random.split("batch"), shape, classes, size);
  const batch = { ...drawn, labels: random.shuffle([...Array(classes).keys()]).slice(0, size) };
  const { view } = observed(await playRound({ payload, batch }));
  const { features } = await featuresOf(payload, batch.inputs.data, { backend, signal });
  const gradient = { weight: view.update.get(head.weight)!.data, bias: view.update.get(head.bias!)!.data };
  const length = features.shape[1]!;
  const errorOf = (offsets: boolean) => {
    const found = recoverFeatures(gradient, batch.labels, size, { offsets });
    return Math.max(
      ...found.map((own, row) => {
        const truth = features.data.subarray(row * length, (row + 1) * length);
        return Math.hypot(...own.map((value, i) => value - truth[i]!)) / Math.hypot(...truth);
      }),
    );
  };
  return { with: errorOf(true), without: errorOf(false) };
}

describe("recoverFeatures", () => {
  it("gives the features of one image but for rounding", async () => {
    expect((await errorsOf(1, 10)).with).toBeLessThan(1e-5);
  });

  it("errs by less than 5 % for 8 images of 100 classes", async () => {
    expect((await errorsOf(8, 100)).with).toBeLessThan(0.05);
  });

  it("is several times worse at 32 images without the offsets", async () => {
    const error = await errorsOf(32, 100);
    expect(error.without).toBeGreaterThan(6 * error.with);
  });

  it("tells images of a model that is sure of its classes badly", async () => {
    expect((await errorsOf(8, 10, 30)).with).toBeGreaterThan(10 * (await errorsOf(8, 10)).with);
  });

  it("finds the scale of features whose bias was not sent", () => {
    const gradient = { weight: Float32Array.of(-0.45, 0.05, 0.05), bias: Float32Array.of(0, 0, 0) };
    const [[feature]] = recoverFeatures(gradient, [0], 1) as [Float32Array];
    expect(feature).toBeCloseTo(0.45 / (2 / 3), 5);
  });

  it("gives 0 where the gradient is empty", () => {
    const empty = { weight: new Float32Array(6), bias: new Float32Array(3) };
    for (const own of recoverFeatures(empty, [0, 2], 2)) expect([...own].every((value) => value === 0)).toBe(true);
  });
});
