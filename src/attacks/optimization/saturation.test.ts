import { describe, expect, it } from "vitest";
import { drawBatch, freshPayload, observed, playRound } from "../../../test/small-round.js";
import type { Payload } from "../../federated/hooks.js";
import { createRandom } from "../../math/random.js";
import { models } from "../../models/index.js";
import { saturationNote } from "./saturation.js";

const random = createRandom(6);
const batch = drawBatch(random.split("data"), [1, 6, 6], 4, 1);
const fresh = freshPayload(models.mlp!([1, 6, 6], 4), random);

/** The same net with `push` added to the logit of one class. */
function inclined(label: number, push: number): Payload {
  const name = fresh.model.head.bias!;
  const { shape, data } = fresh.weights.get(name)!;
  const pushed = data.map((value, c) => (c === label ? value + push : value));
  return { ...fresh, weights: new Map([...fresh.weights, [name, { shape, data: pushed }]]) };
}
const notes = async (payload: Payload) => saturationNote(observed(await playRound({ payload, batch })));

describe("the note on a saturated model", () => {
  it("appears when the model already predicts the label, with the probability", async () => {
    const [note, ...rest] = await notes(inclined(batch.labels[0]!, 12));
    expect(rest).toEqual([]);
    expect(note).toMatch(
      /already predicts the label with probability 0\.9999\d*: the update carries almost no gradient/,
    );
  });

  it("stays away for a fresh model, for one that is fairly sure, and for one that is sure of a wrong label", async () => {
    expect(await notes(fresh)).toEqual([]);
    expect(await notes(inclined(batch.labels[0]!, 5))).toEqual([]);
    expect(await notes(inclined((batch.labels[0]! + 1) % 4, 12))).toEqual([]);
  });

  it("stays away where the last layer has no bias to see it in", async () => {
    const { model, weights } = inclined(batch.labels[0]!, 12);
    const { bias: _, ...head } = model.head;
    expect(await notes({ model: { ...model, head }, weights })).toEqual([]);
  });
});
