// The variational auto-encoder learns pictures and paints pixels, from one set of parameters or one for each image.
import { describe, expect, it } from "vitest";
import { attackContext, backend } from "../../../test/small-round.js";
import { compile, createGraph, inParts } from "../../engine/index.js";
import { createRandom } from "../../math/random.js";
import { tensor } from "../../math/tensor.js";
import { sampleLatents } from "./generator.js";
import { heldWeights } from "./train-network.js";
import { trainVae } from "./vae.js";

const random = createRandom(3);
/** Pictures of one grey each, 16x16. */
const data = new Float32Array(60 * 256);
for (let image = 0; image < 60; image++) data.fill(0.3 + 0.4 * random.uniform(), image * 256, (image + 1) * 256);
const pictures = tensor([60, 1, 16, 16], data);
const options = { latent: 3, trainingSteps: 200, trainingBatch: 16 };
const vae = await trainVae(pictures, options, attackContext(1));

async function paint(count: number) {
  const graph = createGraph();
  const z = graph.input("z", [count, vae.latent]);
  const held = heldWeights(vae.weights)(z);
  const outputs = { shared: vae.trace(z, held), own: vae.trace(z, (name) => inParts(held(name), count)) };
  const program = await compile(outputs, { backend, dtype: "float32" });
  const painted = await program.run({ z: sampleLatents(vae, count, random.split("latents")) });
  await program.dispose();
  return painted;
}

describe("trainVae", () => {
  it("paints greys of the kind that it has seen, not all the same", async () => {
    const { shared } = await paint(12);
    const greys = Array.from({ length: 12 }, (_, i) => {
      const own = Float64Array.from(shared.subarray(i * 256, (i + 1) * 256));
      const mean = own.reduce((sum, value) => sum + value, 0) / 256;
      expect(Math.sqrt(own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 256)).toBeLessThan(0.1);
      return mean;
    });
    expect(Math.min(...greys)).toBeGreaterThan(0.2);
    expect(Math.max(...greys)).toBeLessThan(0.8);
    expect(Math.max(...greys) - Math.min(...greys)).toBeGreaterThan(0.1);
  });

  it("keeps the decoder only", () => {
    expect([...vae.weights.keys()].every((name) => name.startsWith("decoder."))).toBe(true);
  });

  it("paints the same with a copy of its parameters for each image", async () => {
    const { shared, own } = await paint(2);
    own.forEach((value, i) => {
      expect(value).toBeCloseTo(shared[i]!, 5);
    });
  });

  it("takes sides that 8 does not divide", async () => {
    const odd = tensor([4, 1, 12, 9], new Float32Array(4 * 108).fill(0.5));
    const small = await trainVae(odd, { ...options, trainingSteps: 2 }, attackContext(1));
    const z = createGraph().input("z", [2, 3]);
    expect(small.trace(z, heldWeights(small.weights)(z)).shape).toEqual([2, 1, 12, 9]);
  });
});
