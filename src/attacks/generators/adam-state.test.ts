// The open form of Adam against the closed one.
import { expect, it } from "vitest";
import { createAdam } from "../../math/adam.js";
import { createRandom } from "../../math/random.js";
import { adamStep, freshAdam } from "./adam-state.js";

it("does what math/adam.ts does, to the last bit", () => {
  const random = createRandom(4);
  const [closed, open] = [Float32Array.of(1, -2, 0, 5e3, 1e-6), Float32Array.of(1, -2, 0, 5e3, 1e-6)];
  const adam = createAdam(5, { learningRate: 0.1 });
  const state = freshAdam(5);
  for (let step = 1; step <= 50; step++) {
    const slope = Float32Array.from(closed, () => random.normal() * 10 ** (random.integer(8) - 4));
    adam.step(closed, slope, 0.1 / step);
    adamStep(state, step, open, slope, 0.1 / step);
    expect(open).toEqual(closed);
  }
  expect([...open].every((value, i) => value !== [1, -2, 0, 5e3, 1e-6][i])).toBe(true);
});
