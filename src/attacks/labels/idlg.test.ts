import { afterAll, describe, expect, it } from "vitest";
import { backend, drawBatch, freshPayload } from "../../../test/small-round.js";
import { createTrainer } from "../../federated/training.js";
import { createRandom } from "../../math/random.js";
import { models } from "../../models/index.js";
import type { ObservedRound } from "../../threat/observation.js";
import { recoverLabels } from "./recover.js";

const trainer = createTrainer(backend, "float32");
afterAll(() => trainer.dispose());

const NETS = 60;
const IMAGES = 5;
const rule = { rule: "idlg" } as const;

describe("the sign rule of iDLG", () => {
  it.each(["lenet", "lenet-wide", "mlp"])("names the label of all 300 random pairs of %s and image", async (id) => {
    const model = models[id]!([3, 8, 8], 10);
    const random = createRandom(20).split(id);
    const seen = new Set<number>();
    for (let net = 0; net < NETS; net++) {
      const payload = freshPayload(model, random.split("net", net));
      for (let image = 0; image < IMAGES; image++) {
        const batch = drawBatch(random.split("image", net, image), [3, 8, 8], 10, 1);
        const { update } = await trainer.gradient(payload, batch);
        const round: ObservedRound = { round: 0, payload, view: { kind: "upload", update } };
        expect(recoverLabels(round, 1, rule)).toEqual({ values: batch.labels, method: "labels/idlg" });
        seen.add(batch.labels[0]!);
      }
    }
    expect(seen.size).toBe(10);
  });

  it("names the label where the last layer has no bias and features may be negative", async () => {
    const model = models.cnn6!([3, 8, 8], 5);
    const random = createRandom(21);
    for (let net = 0; net < 20; net++) {
      const payload = freshPayload(model, random.split("net", net));
      const batch = drawBatch(random.split("image", net), [3, 8, 8], 5, 1);
      const { update } = await trainer.gradient(payload, batch);
      const round: ObservedRound = { round: 0, payload, view: { kind: "upload", update } };
      expect(recoverLabels(round, 1)).toEqual({ values: batch.labels, method: "labels/idlg" });
    }
  });

  it("warns for a batch, where it is not exact", async () => {
    const payload = freshPayload(models.mlp!([1, 4, 4], 3), createRandom(1));
    const { update } = await trainer.gradient(payload, drawBatch(createRandom(2), [1, 4, 4], 3, 4));
    const found = recoverLabels({ round: 0, payload, view: { kind: "upload", update } }, 4, rule);
    expect(found.values).toHaveLength(4);
    expect(found.warning).toMatch(/exact for one image; here 4 image/);
  });

  it("says which part of the head an update lacks", () => {
    const payload = freshPayload(models.mlp!([1, 4, 4], 3), createRandom(1));
    const round: ObservedRound = { round: 0, payload, view: { kind: "upload", update: new Map() } };
    expect(() => recoverLabels(round, 1)).toThrow("lacks the last layer's fc2.weight or fc2.bias");
  });
});
