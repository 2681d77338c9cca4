// GIAS in its two stages: the first stays in the generator's range, the second gives every image parameters of its own.
import { beforeAll, describe, expect, it } from "vitest";
import {
  attackContext,
  drawBatch,
  freshPayload,
  knowledge,
  observation,
  observed,
  playRound,
} from "../../../../test/small-round.js";
import { createRandom } from "../../../math/random.js";
import lenet from "../../../models/lenet.js";
import type { ObservedRound } from "../../../threat/observation.js";
import { principalComponents } from "../../generators/principal-components.js";
import attack, { searchLatents, searchParameters } from "./gias.js";

const shape = [3, 16, 16] as const;
const random = createRandom(6);
const payload = freshPayload(lenet(shape, 4), random.split("net"));
const surrogate = drawBatch(random.split("surrogate"), shape, 4, 40);
const batch = { ...drawBatch(random.split("victims"), shape, 4, 2), labels: [1, 3] };
const generator = principalComponents(surrogate.inputs, 8);
const size = 768;
let round: ObservedRound;
beforeAll(async () => {
  round = observed(await playRound({ payload, batch }));
});

const stage = () => ({
  round,
  knowledge: knowledge(2),
  labels: batch.labels,
  tv: 0,
  learningRate: 0.1,
  steps: 30,
  before: 0,
  total: 60,
});
const latents = (values: ReadonlyMap<string, Float32Array | Float64Array>) => values.get("latents")!;
const squared = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a, (value, i) => (value - b[i]!) ** 2).reduce((sum, each) => sum + each, 0);

describe("the latent stage", () => {
  it("comes closer and stays in the generator's range", async () => {
    const found = await searchLatents(generator, new Float32Array(16), stage(), attackContext(1));
    expect(found.distance).toBeLessThan(found.curve[0]!.loss);
    for (const image of [0, 1]) {
      const own = found.images.subarray(image * size, (image + 1) * size);
      expect(squared(generator.project(own).picture, own)).toBeLessThan(1e-6);
    }
  });
});

describe("the parameter stage", () => {
  it("leaves the latents, starts where they stood, and ends with copies that differ from each other", async () => {
    const first = await searchLatents(generator, new Float32Array(16), stage(), attackContext(1));
    const slow = { ...stage(), learningRate: 1e-3 };
    const found = await searchParameters(generator, latents(first.values), slow, attackContext(1));
    expect(found.curve[0]!.loss).toBeCloseTo(first.distance, 4);
    expect(found.distance).toBeLessThan(first.distance);
    expect([...found.values.keys()]).toEqual([...generator.weights.keys()]);
    for (const [name, values] of found.values) {
      const half = values.length / 2;
      const [one, other] = [values.subarray(0, half), values.subarray(half)];
      expect(squared(one, other)).toBeGreaterThan(0);
      expect(squared(one, generator.weights.get(name)!.data)).toBeGreaterThan(0);
    }
    const own = found.images.subarray(0, size);
    expect(squared(generator.project(own).picture, own)).toBeGreaterThan(1e-3);
  });
});

describe("gias", () => {
  const grants = () => ({
    updates: { rounds: [round] },
    basicKnowledge: knowledge(2),
    surrogateData: surrogate,
    labels: batch.labels,
  });
  const few = { generator: "pca", latent: 8, iterations: 4, refinements: 3 };
  const run = (chosen: Record<string, unknown>, context = attackContext(1)) =>
    attack.run(
      { observation: observation(grants()), prepared: generator, secret: undefined },
      attack.options.parse({ ...few, ...chosen }),
      context,
    );

  it("counts the steps of both stages and of all starts", async () => {
    expect((await run({ restarts: 2 })).iterations).toBe(11);
    expect((await run({ refinements: 0 })).iterations).toBe(4);
  });

  it("ends by the clock with what it has", async () => {
    const found = await run({ iterations: 1000 }, attackContext(1, { outOfTime: () => true }));
    expect(found.exhausted).toBe(true);
    expect(found.iterations).toBe(1);
    expect(found.inputs.shape).toEqual([2, ...shape]);
  });

  it("stops at an abort with the signal's reason", async () => {
    const controller = new AbortController();
    const progress = () => controller.abort(new Error("stopped"));
    await expect(run({}, attackContext(1, { signal: controller.signal, progress }))).rejects.toThrow("stopped");
  });

  it("learns either generator from surrogate pictures", async () => {
    for (const name of ["pca", "vae"]) {
      const options = attack.options.parse({ ...few, generator: name, trainingSteps: 2 });
      const prepared = await attack.prepare!({ payload, surrogate }, options, attackContext(1));
      const input = { observation: observation(grants()), prepared, secret: undefined };
      expect((await attack.run(input, options, attackContext(1))).inputs.shape).toEqual([2, ...shape]);
    }
  });
});
