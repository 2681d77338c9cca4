// FGLA from end to end on small pictures: no step at attack time, one image per label, and a decoder for the weights at hand.
import { describe, expect, it } from "vitest";
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
import convnet from "../../../models/convnet.js";
import attack from "./fgla.js";
import { featuresOf, trainDecoder } from "./fgla-decoder.js";

const shape = [3, 16, 16] as const;
const classes = 20;
const random = createRandom(3);
const payload = freshPayload(convnet(shape, classes), random.split("net"));
const surrogate = drawBatch(random.split("surrogate"), shape, classes, 60);
const options = { trainingSteps: 60, trainingBatch: 20, width: 16, offsets: true };
const context = attackContext(1);
const prepared = await trainDecoder(payload, surrogate.inputs, options, context);

async function attacked(labels: readonly number[], from = payload) {
  const batch = { ...drawBatch(random.split("victims"), shape, classes, labels.length), labels };
  const round = observed(await playRound({ payload: from, batch }));
  const grants = { updates: { rounds: [round] }, basicKnowledge: knowledge(labels.length), surrogateData: surrogate };
  const seen = observation({ ...grants, labels });
  const found = await attack.run({ observation: seen, prepared, secret: undefined }, options, context);
  return { batch, found };
}

const squared = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a, (value, i) => (value - b[i]!) ** 2).reduce((sum, each) => sum + each, 0) / a.length;

describe("fgla", () => {
  it("paints what the decoder makes of the images' own features, without a step", async () => {
    const { batch, found } = await attacked([3, 7, 11, 15]);
    expect(found.inputs.shape).toEqual([4, ...shape]);
    expect(found.iterations).toBe(0);
    const { features } = await featuresOf(payload, batch.inputs.data, context);
    const length = features.shape[1]!;
    const rows = [0, 1, 2, 3].map((row) => features.data.subarray(row * length, (row + 1) * length));
    const own = await prepared.decode(rows, context);
    expect(squared(found.inputs.data, own)).toBeLessThan(0.1 * squared(own, batch.inputs.data));
  });

  it("gives one image per label, and says so", async () => {
    const { found } = await attacked([3, 3, 11]);
    expect(found.inputs.shape[0]).toBe(2);
    expect(found.notes.join()).toContain("3 images have 2 labels");
  });

  it("learns another decoder where the weights have moved on, but not where only the last layer has", async () => {
    const other = freshPayload(payload.model, random.split("moved"));
    expect((await attacked([3], other)).found.notes.join()).toContain("another was learnt");
    const { weight } = payload.model.head;
    const weights = new Map([...payload.weights, [weight, other.weights.get(weight)!]]);
    expect((await attacked([3], { ...payload, weights })).found.notes.join()).not.toContain("another was learnt");
  });

  it("stops learning at an abort", async () => {
    const controller = new AbortController();
    const progress = () => controller.abort(new Error("stopped"));
    const learning = trainDecoder(payload, surrogate.inputs, options, {
      ...context,
      signal: controller.signal,
      progress,
    });
    await expect(learning).rejects.toThrow("stopped");
  });
});
