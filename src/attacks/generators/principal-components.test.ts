// G-PCA: a range whose nearest picture is known, and latents that are standard on the pictures it was made of.
import { describe, expect, it } from "vitest";
import { backend, drawBatch } from "../../../test/small-round.js";
import { compile, createGraph, inParts } from "../../engine/index.js";
import { createRandom } from "../../math/random.js";
import { principalComponents } from "./principal-components.js";
import { heldWeights } from "./train-network.js";

const shape = [3, 8, 8] as const;
const size = 192;
const { inputs } = drawBatch(createRandom(1), shape, 4, 30);
const row = (i: number) => inputs.data.subarray(i * size, (i + 1) * size);
const squared = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a, (value, i) => (value - b[i]!) ** 2).reduce((sum, each) => sum + each, 0);

describe("principalComponents", () => {
  it("gives back its own pictures where it has all directions, and no more of them than there are", () => {
    const whole = principalComponents(inputs, 64);
    expect(whole.latent).toBe(29);
    for (const i of [0, 17]) expect(squared(whole.project(row(i)).picture, row(i))).toBeLessThan(1e-10);
  });

  it("has latents of mean 0 and variance 1 over its pictures", () => {
    const some = principalComponents(inputs, 5);
    const latents = Array.from({ length: 30 }, (_, i) => some.project(row(i)).latent);
    for (let k = 0; k < 5; k++) {
      expect(latents.reduce((sum, z) => sum + z[k]!, 0) / 30).toBeCloseTo(0, 5);
      expect(latents.reduce((sum, z) => sum + z[k]! ** 2, 0) / 30).toBeCloseTo(1, 5);
    }
  });

  it("paints the nearest picture of its range: any other latent's is farther", async () => {
    const some = principalComponents(inputs, 5);
    const truth = drawBatch(createRandom(2), shape, 4, 1).inputs.data;
    const { latent, picture } = some.project(truth);
    const graph = createGraph();
    const z = graph.input("z", [2, 5]);
    const program = await compile({ y: some.trace(z, heldWeights(some.weights)(z)) }, { backend, dtype: "float64" });
    const off = Float64Array.from(latent, (value, k) => value + (k === 2 ? 0.01 : 0));
    const { y } = await program.run({ z: Float64Array.from([...latent, ...off]) });
    await program.dispose();
    expect(squared(y.subarray(0, size), picture)).toBeLessThan(1e-8);
    expect(squared(y.subarray(size), truth)).toBeGreaterThan(squared(picture, truth));
  });

  it("paints every image with parameters of its own where they come in parts", async () => {
    const some = principalComponents(inputs, 5);
    const graph = createGraph();
    const z = graph.input("z", [2, 5]);
    const held = heldWeights(some.weights)(z);
    const outputs = { shared: some.trace(z, held), own: some.trace(z, (name) => inParts(held(name), 2)) };
    const program = await compile(outputs, { backend, dtype: "float64" });
    const { shared, own } = await program.run({ z: Float64Array.from({ length: 10 }, (_, i) => i / 10) });
    await program.dispose();
    expect(squared(shared, own)).toBeLessThan(1e-20);
  });
});
