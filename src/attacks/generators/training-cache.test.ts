// Kept trainings: one that was cut off ends in the same numbers, a finished one is not done again, and another one is never taken for it.
import { describe, expect, it } from "vitest";
import { attackContext } from "../../../test/small-round.js";
import { add, linear, mul, square, sub, sum } from "../../engine/index.js";
import { createRandom } from "../../math/random.js";
import { tensor } from "../../math/tensor.js";
import { type Training, trainNetwork } from "./train-network.js";
import type { TrainingCache } from "./training-cache.js";

const random = createRandom(1);
const filled = (...shape: readonly [number, number]) => {
  const data = new Float32Array(shape[0] * shape[1]);
  random.fillNormal(data, 0, 1);
  return tensor(shape, data);
};
const training: Training<"x" | "y", "z"> = {
  parameters: [
    { name: "w", shape: [2, 3], initial: { uniform: 0.5 } },
    { name: "b", shape: [2], initial: { constant: 0 } },
  ],
  data: { x: filled(21, 3), y: filled(21, 2) },
  noise: { z: [4, 2] },
  loss: ({ x, y, z }, parameter) => sum(square(sub(add(linear(x, parameter("w"), parameter("b")), mul(0.1, z)), y))),
  steps: 230,
  batchSize: 4,
  learningRate: 0.02,
};

function memory(held = new Map<string, Uint8Array>()): TrainingCache & { readonly held: Map<string, Uint8Array> } {
  return {
    held,
    read: async (key) => held.get(key),
    write: async (key, bytes) => {
      held.set(key, bytes.slice());
    },
  };
}

/** The training with parts of it changed, and how often it reported progress. */
async function run(cache: TrainingCache | undefined, changed: Partial<typeof training> = {}, seed = 1) {
  let reports = 0;
  const progress = () => {
    reports++;
  };
  const trained = await trainNetwork({ ...training, ...changed }, { ...attackContext(seed, { progress }), cache });
  return { trained, reports };
}

const uninterrupted = await run(undefined);

describe("a kept training", () => {
  it.each([12, 102, 210])("ends in the same numbers when aborted at step %i and taken up again", async (stop) => {
    const cache = memory();
    const abort = new AbortController();
    const progress = ({ iteration }: { readonly iteration: number }) => {
      if (iteration >= stop) abort.abort(new Error("enough"));
    };
    const context = { ...attackContext(1, { progress, signal: abort.signal }), cache };
    await expect(trainNetwork(training, context)).rejects.toThrow("enough");
    const again = await run(cache);
    expect(again.reports).toBeLessThan(uninterrupted.reports);
    expect(again.trained).toEqual(uninterrupted.trained);
  });

  it("goes on from its last checkpoint when it was killed", async () => {
    const cache = memory();
    const context = { ...attackContext(1), cache };
    const progress = ({ iteration }: { readonly iteration: number }) => {
      if (iteration > 210) throw new Error("killed");
    };
    await expect(trainNetwork(training, { ...context, progress })).rejects.toThrow("killed");
    const again = await run(cache);
    expect(again.reports).toBeLessThan(uninterrupted.reports / 4);
    expect(again.trained).toEqual(uninterrupted.trained);
  });

  it("is not done again", async () => {
    const cache = memory();
    expect((await run(cache)).trained).toEqual(uninterrupted.trained);
    const again = await run(cache);
    expect(again.trained).toEqual(uninterrupted.trained);
    expect(again.reports).toBe(0);
  });

  it("is another one with other data, seed, loss, steps or rate", async () => {
    const cache = memory();
    await run(cache);
    const { x, y } = training.data;
    const moved = tensor(
      x.shape,
      Float32Array.from(x.data, (value, i) => (i === 5 ? value + 1e-6 : value)),
    );
    const others: [Partial<typeof training>, number?][] = [
      [{ data: { x: moved, y } }],
      [{}, 2],
      [{ loss: (inputs, parameter) => mul(1.001, training.loss(inputs, parameter)) }],
      [{ steps: 229 }],
      [{ learningRate: 0.021 }],
    ];
    for (const [changed, seed] of others) expect((await run(cache, changed, seed)).reports).toBeGreaterThan(0);
    expect(cache.held.size).toBe(1 + others.length);
  });

  it("is done anew where what was kept is damaged or of another shape", async () => {
    const cache = memory();
    await run(cache);
    const [[key, bytes]] = [...cache.held] as [[string, Uint8Array]];
    const other = memory();
    await run(other, {
      parameters: training.parameters.map((each) => ({ ...each, name: `${each.name}2` })),
      loss: (inputs, parameter) => training.loss(inputs, (name) => parameter(`${name}2`)),
    });
    const broken = bytes.slice();
    broken.fill(0xff, broken.length - 8);
    for (const bad of [new Uint8Array(0), bytes.subarray(0, bytes.length - 1), broken, [...other.held.values()][0]!]) {
      cache.held.set(key, bad);
      const again = await run(cache);
      expect(again.reports).toBe(uninterrupted.reports);
      expect(again.trained).toEqual(uninterrupted.trained);
    }
  });

  it("ends with the error of a cache that cannot be written", async () => {
    const full = { ...memory(), write: () => Promise.reject(new Error("no space left")) };
    await expect(run(full)).rejects.toThrow("no space left");
  });
});
