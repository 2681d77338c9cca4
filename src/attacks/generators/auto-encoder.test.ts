// The auto-encoder knows pictures of the kind that it was trained on: it errs far less on them than on noise.
import { describe, expect, it } from "vitest";
import { attackContext } from "../../../test/small-round.js";
import { createGraph, grad } from "../../engine/index.js";
import { createRandom } from "../../math/random.js";
import { tensor } from "../../math/tensor.js";
import { errorOf, trainAutoEncoder } from "./auto-encoder.js";

const context = attackContext(1);
const random = createRandom(2);

/** Pictures of one colour with a bright square, 16x16. */
const data = new Float32Array(80 * 3 * 256);
for (let image = 0; image < 80; image++) {
  const [row, column] = [random.integer(8), random.integer(8)];
  for (let channel = 0; channel < 3; channel++) {
    const plane = data.subarray((image * 3 + channel) * 256, (image * 3 + channel + 1) * 256);
    plane.fill(0.5 * random.uniform());
    for (let i = 0; i < 64; i++) plane[(row + Math.floor(i / 8)) * 16 + column + (i % 8)] = 0.9;
  }
}
const pictures = tensor([80, 3, 16, 16], data);
const coder = await trainAutoEncoder(pictures, { trainingSteps: 250, trainingBatch: 16 }, context);

describe("an auto-encoder", () => {
  it("errs on noise five times as much as on pictures that it has not seen", async () => {
    const noise = new Float32Array(8 * 3 * 256);
    random.fillUniform(noise, 0, 1);
    expect(await errorOf(coder.error, tensor([8, 3, 16, 16], noise), context)).toBeGreaterThan(5 * coder.heldOut);
  });

  it("knows its error on pictures kept from training", async () => {
    const kept = tensor([10, 3, 16, 16], data.subarray(0, 10 * 3 * 256));
    expect(coder.heldOut).toBeCloseTo(await errorOf(coder.error, kept, context), 7);
  });

  it("takes sides that no power of two divides", async () => {
    const odd = tensor([4, 1, 9, 14], new Float32Array(4 * 9 * 14).fill(0.5));
    const small = await trainAutoEncoder(odd, { trainingSteps: 3, trainingBatch: 2 }, context);
    expect(Number.isFinite(small.heldOut)).toBe(true);
    const x = createGraph().input("x", [2, 1, 9, 14]);
    expect(grad(small.error(x), [x])[0]!.shape).toEqual(x.shape);
  });
});
