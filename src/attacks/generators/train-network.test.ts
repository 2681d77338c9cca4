// The training loop: it learns, the same every time, and refuses what cannot be learnt from.
import { describe, expect, it } from "vitest";
import { attackContext } from "../../../test/small-round.js";
import { linear, mul, square, sub, sum } from "../../engine/index.js";
import { createRandom } from "../../math/random.js";
import { tensor } from "../../math/tensor.js";
import { type Training, trainNetwork } from "./train-network.js";

const random = createRandom(1);
const x = new Float32Array(40 * 3);
random.fillNormal(x, 0, 1);
const truth = [0.5, -1, 2];
const y = Float32Array.from({ length: 40 }, (_, row) => truth.reduce((sum, w, i) => sum + w * x[row * 3 + i]!, 0));

const training: Training<"x" | "y"> = {
  parameters: [{ name: "w", shape: [1, 3], initial: { uniform: 0.1 } }],
  data: { x: tensor([40, 3], x), y: tensor([40, 1], y) },
  loss: (rows, parameter) => mul(1 / 8, sum(square(sub(linear(rows.x, parameter("w")), rows.y)))),
  steps: 400,
  batchSize: 8,
  learningRate: 0.05,
};

describe("trainNetwork", () => {
  it("finds the weights of a linear map", async () => {
    const { weights, curve } = await trainNetwork(training, attackContext(1));
    weights.get("w")!.data.forEach((value, i) => {
      expect(value).toBeCloseTo(truth[i]!, 2);
    });
    expect(curve.at(-1)!.loss).toBeLessThan(1e-4);
  });

  it("gives the same weights again, and others for another seed", async () => {
    const short = { ...training, steps: 5 };
    const [one, two] = [await trainNetwork(short, attackContext(1)), await trainNetwork(short, attackContext(1))];
    expect(two).toEqual(one);
    expect(await trainNetwork(short, attackContext(2))).not.toEqual(one);
  });

  it("feeds noise that is new in every step", async () => {
    const noisy: Training<"y", "z"> = {
      parameters: training.parameters,
      data: { y: training.data.y },
      noise: { z: [40, 3] },
      loss: ({ z }, parameter) => mul(1 / 40, sum(square(linear(z, parameter("w"))))),
      steps: 41,
      batchSize: 40,
      learningRate: 0,
    };
    const losses = (await trainNetwork(noisy, attackContext(1))).curve.map(({ loss }) => loss);
    expect(new Set(losses).size).toBe(losses.length);
  });

  it("takes fewer rows where there are no more", async () => {
    const few = { x: tensor([2, 3], x.slice(0, 6)), y: tensor([2, 1], y.slice(0, 2)) };
    await expect(trainNetwork({ ...training, data: few, steps: 3 }, attackContext(1))).resolves.toBeDefined();
  });

  it("refuses rows that do not belong together, none at all, and a loss that leaves the numbers", async () => {
    const uneven = { ...training.data, y: tensor([39, 1], y.slice(0, 39)) };
    await expect(trainNetwork({ ...training, data: uneven }, attackContext(1))).rejects.toThrow("got 40 and 39");
    const none = { x: tensor([0, 3], new Float32Array(0)), y: tensor([0, 1], new Float32Array(0)) };
    await expect(trainNetwork({ ...training, data: none }, attackContext(1))).rejects.toThrow("got none");
    const steep = { ...training, steps: 20, learningRate: 1e30 };
    await expect(trainNetwork(steep, attackContext(1))).rejects.toThrow(/loss is .* at step/);
  });
});
