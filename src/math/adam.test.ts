import { describe, expect, it } from "vitest";
import fixture from "../../test/fixtures/lbfgs.json" with { type: "json" };
import { createAdam } from "./adam.js";
import { multiStepDecay } from "./schedule.js";

describe("createAdam", () => {
  it("follows torch.optim.Adam under the multi-step schedule", () => {
    const { start, points, learningRate } = fixture.adam;
    const x = Float64Array.from(start);
    const adam = createAdam(2, { learningRate });
    points.forEach((expected, i) => {
      const bend = x[1]! - x[0]! ** 2;
      const gradient = Float64Array.of(-400 * bend * x[0]! - 2 * (1 - x[0]!), 200 * bend);
      adam.step(x, gradient, learningRate * multiStepDecay(i, points.length));
      expect(x[0]).toBeCloseTo(expected[0]!, 12);
      expect(x[1]).toBeCloseTo(expected[1]!, 12);
    });
  });

  it("moves by the rate against the sign at first, whatever the gradient's size", () => {
    const x = Float32Array.of(1, 1, 1);
    createAdam(3, { learningRate: 0.5 }).step(x, Float32Array.of(1e-3, -1e6, 0));
    expect(x[0]).toBeCloseTo(0.5, 4);
    expect(x[1]).toBe(1.5);
    expect(x[2]).toBe(1);
  });

  it("uses its options: without memory it is the signed gradient, softened by epsilon", () => {
    const x = Float64Array.of(0);
    const adam = createAdam(1, { learningRate: 1, beta1: 0, beta2: 0, epsilon: 1 });
    for (const g of [3, -1]) adam.step(x, Float64Array.of(g));
    expect(x[0]).toBeCloseTo(-3 / 4 + 1 / 2, 15);
  });

  it("names the lengths that disagree", () => {
    expect(() => createAdam(2, { learningRate: 1 }).step(new Float64Array(2), new Float64Array(3))).toThrow(
      /2 numbers, got x 2 and gradient 3/,
    );
  });
});
