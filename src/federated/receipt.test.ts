import { describe, expect, it } from "vitest";
import { drawBatch, freshPayload, playRound } from "../../test/small-round.js";
import { createRandom } from "../math/random.js";
import { models } from "../models/index.js";
import type { Hooks, Stage } from "./hooks.js";
import { distortion, mapUpdate, plainBytes } from "./update.js";

const random = createRandom(4);
const payload = freshPayload(models.mlp!([1, 3, 3], 2), random);
const batch = drawBatch(random.split("data"), [1, 3, 3], 2, 2);

const receiptOf = async (hooks: Partial<Hooks>, stage: Stage = "perturbation") =>
  (await playRound({ payload, batch, defenses: [{ id: "probe", stage, needs: [], hooks }] })).receipts[0]!;

describe("a receipt", () => {
  it("holds the distortion, bytes and time of a defense that halves the update and sends it in bytes", async () => {
    const receipt = await receiptOf({
      afterGradient: (update) => mapUpdate(update, (value) => value / 2),
      beforeUpload: (message) => ({ ...message, bytes: message.bytes / 4 }),
    });
    expect(receipt).toMatchObject({ defense: "probe", identity: false });
    expect(receipt.distortion).toMatchObject({ relativeL2: 0.5, signAgreement: 1, keptFraction: 1 });
    expect(receipt.distortion!.cosine).toBeCloseTo(1, 12);
    expect(receipt.distortion!.snrDb).toBeCloseTo(20 * Math.log10(2), 9);
    expect(receipt.bytesAfter).toBe(receipt.bytesBefore / 4);
    expect(receipt.milliseconds).toBeGreaterThan(0);
  });

  it("counts from the first hook's input to the last hook's output", async () => {
    const plain = (await playRound({ payload, batch })).clients.get(0)!.message.update;
    const receipt = await receiptOf({
      afterGradient: (update) => mapUpdate(update, (value) => 3 * value),
      afterLocalTraining: (update) => mapUpdate(update, (value) => -value),
    });
    expect(receipt.distortion!.relativeL2).toBeCloseTo(4, 6);
    expect(receipt.bytesBefore).toBe(plainBytes(plain));
    expect(receipt.distortion!.cosine).toBeCloseTo(
      distortion(
        plain,
        mapUpdate(plain, (value) => -3 * value),
      ).cosine,
      9,
    );
  });

  it.each<[string, Partial<Hooks>]>([
    ["nothing", {}],
    ["the update itself", { afterGradient: (update) => update }],
    ["a copy of the update", { afterLocalTraining: (update) => mapUpdate(update, (value) => value) }],
    ["zero noise", { afterLocalTraining: (update) => mapUpdate(update, (value) => value + 0) }],
    ["the message itself", { beforeUpload: (message) => ({ ...message }) }],
    ["the same data", { prepareDataset: (data) => data }],
    [
      "a copy of the batch",
      { transformBatch: ({ inputs, labels }) => ({ inputs: { ...inputs }, labels: [...labels] }) },
    ],
    ["the same cohort", { selectCohort: (pool) => [...pool] }],
    ["the same model", { wrapModel: (model) => ({ ...model }) }],
  ])("says identity for a sabotaged defense that returns %s", async (_, hooks) => {
    expect((await receiptOf(hooks)).identity).toBe(true);
  });

  it.each<[string, Partial<Hooks>]>([
    ["another update", { afterGradient: (update) => mapUpdate(update, (value) => 1.001 * value) }],
    [
      "other pixels",
      { transformBatch: (rows) => ({ ...rows, inputs: { ...rows.inputs, data: rows.inputs.data.map((v) => 1 - v) } }) },
    ],
    ["other labels", { prepareDataset: (data) => ({ ...data, labels: data.labels.map((label) => 1 - label) }) }],
    ["another aggregate", { afterAggregate: (update) => mapUpdate(update, (value) => value + 1) }],
    [
      "other data, and leaves the update",
      { transformBatch: (rows) => ({ ...rows, sampleWeights: [2, 0] }), afterGradient: (u) => u },
    ],
    [
      "another update after a look at the cohort",
      { selectCohort: (pool) => pool, afterLocalTraining: (update) => mapUpdate(update, (value) => -value) },
    ],
    ["a verdict", { vetPayload: () => ({ action: "accept", report: "looked" }) }],
  ])("says no identity for a defense that gives %s", async (_, hooks) => {
    expect((await receiptOf(hooks)).identity).toBe(false);
  });
});
