import { describe, expect, it } from "vitest";
import { backend } from "../../../../test/small-round.js";
import { compile, createGraph } from "../../../engine/index.js";
import { createRandom } from "../../../math/random.js";
import { drawParameters } from "../../../models/define.js";
import { grnnNetwork, NOISE } from "./grnn-network.js";

/** What a fresh network paints of `count` rows of noise. */
async function paint(size: number, count: number, seed = 1) {
  const network = grnnNetwork([3, size, size], 5, 4);
  const graph = createGraph();
  const noise = graph.input("noise", [count, NOISE]);
  const values = drawParameters(network.parameters, createRandom(seed));
  const nodes = new Map(network.parameters.map(({ name, shape }) => [name, graph.input(name, shape)]));
  const { images, labels } = network.trace(noise, (name) => nodes.get(name)!);
  const program = await compile({ images, labels }, { backend, dtype: "float32" });
  const rows = new Float32Array(count * NOISE);
  createRandom(9).fillNormal(rows, 0, 1);
  const feeds = Object.fromEntries(network.parameters.map(({ name }, i) => [name, values[i]!]));
  const out = await program.run({ ...feeds, noise: rows });
  await program.dispose();
  return { shape: images.shape, images: out.images!, labels: out.labels! };
}

describe("the generative regression network", () => {
  it.each([8, 16, 32])("paints pictures of %d pixels in [0, 1] and label probabilities", async (size) => {
    const { shape, images, labels } = await paint(size, 2);
    expect(shape).toEqual([2, 3, size, size]);
    expect(images.every((value) => value >= 0 && value <= 1)).toBe(true);
    for (const row of [0, 1]) {
      const probabilities = Array.from(labels.subarray(5 * row, 5 * row + 5));
      expect(probabilities.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
    }
  });

  it("paints another picture for other noise and for other parameters", async () => {
    const { images } = await paint(16, 2);
    const half = images.length / 2;
    expect(images.subarray(0, half)).not.toEqual(images.subarray(half));
    expect((await paint(16, 2, 2)).images).not.toEqual(images);
  });

  it("halves its channels from block to block, from the authors' 128 at 4x4 for pictures of 32 pixels", () => {
    const shapes = new Map(grnnNetwork([3, 32, 32], 10, 32).parameters.map(({ name, shape }) => [name, shape]));
    expect(shapes.get("seed.weight")).toEqual([2 * 128 * 16, 128]);
    expect(shapes.get("up.0.weight")).toEqual([2 * 64, 128, 3, 3]);
    expect(shapes.get("up.1.weight")).toEqual([2 * 32, 64, 3, 3]);
    expect(shapes.get("up.2.weight")).toEqual([2 * 3, 32, 3, 3]);
    expect(shapes.has("up.3.weight")).toBe(false);
  });

  it.each([
    [3, 28, 28],
    [3, 32, 16],
    [1, 4, 4],
  ] as const)("refuses pictures of %dx%dx%d", (...shape) => {
    expect(() => grnnNetwork(shape, 5, 4)).toThrow(`the model takes ${shape.join("x")}`);
  });
});
