import { describe, expect, it } from "vitest";
import { createRmsprop } from "./rmsprop.js";

describe("RMSprop", () => {
  // torch.optim.RMSprop (PyTorch 1.13, float64) on f(x) = Σ x⁴/4 from (1, -2), learning rate 0.1, three steps.
  it.each([
    [
      0,
      [
        [9.99999903994464e-8, -1.0000000125000004],
        [9.99999903994454e-8, -0.8753500957159601],
        [9.999999039944439e-8, -0.7916180050599186],
      ],
    ],
    [
      0.9,
      [
        [9.999999027732188e-8, -1.0000000125000004],
        [-0.8999998100000185, 0.024649893034039763],
        [-1.117050718348613, 0.9468329316402877],
      ],
    ],
  ])("with momentum %d follows PyTorch", (momentum, expected) => {
    const x = Float64Array.of(1, -2);
    const optimiser = createRmsprop(2, { learningRate: 0.1, momentum });
    for (const point of expected) {
      optimiser.step(
        x,
        x.map((value) => value ** 3),
      );
      x.forEach((value, i) => {
        expect(value).toBeCloseTo(point[i]!, 12);
      });
    }
  });

  it("refuses arrays of another size", () => {
    expect(() => createRmsprop(2, { learningRate: 1 }).step(new Float64Array(3), new Float64Array(2))).toThrow(
      "RMSprop was made for 2 numbers, got x 3 and gradient 2",
    );
  });
});
