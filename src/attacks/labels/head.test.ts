import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { freshPayload } from "../../../test/small-round.js";
import { createRandom } from "../../math/random.js";
import { tensor } from "../../math/tensor.js";
import { models } from "../../models/index.js";
import type { TrainingDetails, View } from "../../threat/observation.js";
import { columnSums, readHead, rowSums } from "./head.js";

const payload = freshPayload(models.mlp!([1, 2, 2], 3), createRandom(4));
const shapes = new Map(payload.model.parameters.map(({ name, shape }) => [name, shape]));
const held = (name: string) => payload.weights.get(name)!.data;

/** PyTorch's SGD on a gradient that stays the same, by hand; what the client sends is θ_0 - θ_s. */
function localTraining(gradient: Float64Array, start: ArrayLike<number>, training: FedAvg): Float64Array {
  const weights = Float64Array.from(start);
  const velocity = new Float64Array(weights.length);
  for (let step = 0; step < training.steps; step++) {
    for (let i = 0; i < weights.length; i++) {
      velocity[i] = training.momentum * velocity[i]! + gradient[i]! + training.weightDecay * weights[i]!;
      weights[i]! -= training.learningRate * velocity[i]!;
    }
  }
  return weights.map((value, i) => start[i]! - value);
}
type FedAvg = Extract<TrainingDetails, { algorithm: "FedAvg" }>;

const details = { localEpochs: 1, batchSize: 1, sampleCount: 1, mode: "eval" } as const;
const viewOf = (kind: View["kind"], send: (gradient: Float64Array, name: string) => Float64Array): View => ({
  kind,
  update: new Map(
    ["fc2.weight", "fc2.bias"].map((name) => [name, tensor(shapes.get(name)!, send(gradientOf(name), name))]),
  ),
});
const gradientOf = (name: string) => {
  const data = new Float64Array(shapes.get(name)!.reduce((a, b) => a * b));
  createRandom(1).split(name).fillNormal(data, 0, 1);
  return data;
};

describe("the last layer's gradient", () => {
  it("is the update itself under FedSGD", () => {
    const head = readHead({ round: 0, payload, view: viewOf("upload", (gradient) => gradient) });
    expect(head).toEqual({ weight: gradientOf("fc2.weight"), bias: gradientOf("fc2.bias"), classes: 3, features: 256 });
  });

  it("is divided by the server's step where only that is seen", () => {
    const view = viewOf("released", (gradient) => gradient.map((value) => value * 0.25));
    const training = { ...details, algorithm: "FedSGD", learningRate: 0.25 } as const;
    expect(readHead({ round: 0, payload, view }, training).bias).toEqual(gradientOf("fc2.bias"));
  });

  it("comes back from local steps of any number, rate and momentum", () => {
    const rates = fc.record({
      steps: fc.integer({ min: 1, max: 12 }),
      learningRate: fc.double({ min: 0.001, max: 1, noNaN: true }),
      momentum: fc.double({ min: 0, max: 0.95, noNaN: true }),
    });
    fc.assert(
      fc.property(rates, (drawn) => {
        const training: FedAvg = { ...details, ...drawn, algorithm: "FedAvg", weightDecay: 0 };
        const view = viewOf("upload", (gradient, name) => localTraining(gradient, held(name), training));
        const { bias } = readHead({ round: 0, payload, view }, training);
        gradientOf("fc2.bias").forEach((value, c) => {
          expect(bias![c]!).toBeCloseTo(value, 8);
        });
      }),
      { numRuns: 30 },
    );
  });

  it("leaves weight decay out: exactly after one step, closely after several small ones", () => {
    for (const [steps, digits] of [
      [1, 10],
      [5, 2],
    ] as const) {
      const rates = { learningRate: 1e-3, momentum: 0.5, weightDecay: 0.1 };
      const training: FedAvg = { ...details, ...rates, steps, algorithm: "FedAvg" };
      const view = viewOf("upload", (gradient, name) => localTraining(gradient, held(name), training));
      const { weight } = readHead({ round: 0, payload, view }, training);
      gradientOf("fc2.weight").forEach((value, i) => {
        expect(weight[i]!).toBeCloseTo(value, digits);
      });
    }
  });

  it("has sums over rows and over classes", () => {
    const head = { weight: Float64Array.of(1, 2, 3, 4, 5, 6), bias: null, classes: 2, features: 3 };
    expect(rowSums(head)).toEqual(Float64Array.of(6, 15));
    expect(columnSums(head)).toEqual(Float64Array.of(5, 7, 9));
  });
});
