import { describe, expect, it } from "vitest";
import { backend } from "../../../test/small-round.js";
import { compile, createGraph, grad } from "../../engine/index.js";
import { createRandom } from "../../math/random.js";
import { totalVariation } from "./priors.js";

async function variation(shape: readonly number[], data: Float64Array) {
  const graph = createGraph();
  const x = graph.input("x", shape);
  const value = totalVariation(x);
  const program = await compile({ value, gradient: grad(value, [x])[0]! }, { backend, dtype: "float64" });
  try {
    const { value: out, gradient } = await program.run({ x: data });
    return { value: out[0]!, gradient };
  } finally {
    await program.dispose();
  }
}

describe("total variation", () => {
  it("is the mean absolute difference per axis, each over its own differences", async () => {
    // Rows 0 1 3 / 0 1 7: |∂x| are 1, 2, 1, 6 and |∂y| are 0, 0, 4.
    const { value } = await variation([1, 1, 2, 3], Float64Array.of(0, 1, 3, 0, 1, 7));
    expect(value).toBeCloseTo(10 / 4 + 4 / 3, 12);
  });

  it("is 0 for flat pictures, whatever their brightness, and never mixes pictures or channels", async () => {
    const flat = Float64Array.from({ length: 2 * 3 * 4 * 4 }, (_, i) => Math.floor(i / 16));
    expect((await variation([2, 3, 4, 4], flat)).value).toBe(0);
  });

  it("has the derivative that numbers show", async () => {
    const shape = [2, 2, 4, 5];
    const data = new Float64Array(80);
    createRandom(2).fillUniform(data, 0, 1);
    const { gradient } = await variation(shape, data);
    for (const i of [0, 4, 7, 19, 20, 33, 55, 79]) {
      const at = async (offset: number) => {
        const moved = data.slice();
        moved[i]! += offset;
        return (await variation(shape, moved)).value;
      };
      expect(gradient[i]).toBeCloseTo(((await at(1e-6)) - (await at(-1e-6))) / 2e-6, 7);
    }
  });
});
