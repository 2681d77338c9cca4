import { afterAll, describe, expect, it } from "vitest";
import { backend, drawBatch, freshPayload } from "../../../test/small-round.js";
import { readRows } from "../../data/dataset.js";
import { createTrainer } from "../../federated/training.js";
import { createRandom } from "../../math/random.js";
import { models } from "../../models/index.js";
import { recoverLabels } from "./recover.js";

const trainer = createTrainer(backend, "float32");
afterAll(() => trainer.dispose());

const rule = { rule: "ilrg" } as const;
const sorted = (labels: readonly number[]) => [...labels].sort((a, b) => a - b);

async function recovered(id: string, size: number, seed: number) {
  const random = createRandom(seed).split(id, size);
  const payload = freshPayload(models[id]!([3, 8, 8], 10), random.split("net"));
  const batch = drawBatch(random.split("batch"), [3, 8, 8], 10, size);
  const { update } = await trainer.gradient(payload, batch);
  const round = { round: 0, payload, view: { kind: "upload", update } } as const;
  return { round, truth: sorted(batch.labels), found: recoverLabels(round, size, rule) };
}

describe("instance-wise label restoration", () => {
  it.each([
    ["mlp", 8],
    ["mlp", 16],
    ["lenet", 8],
    ["lenet", 16],
  ] as const)("restores the counts of random batches with repeats exactly: %s, %d images", async (id, size) => {
    let exact = 0;
    let repeats = 0;
    for (let seed = 0; seed < 40; seed++) {
      const { truth, found } = await recovered(id, size, seed);
      expect(found.values).toHaveLength(size);
      expect(found.method).toBe("labels/ilrg");
      if (found.values.join() === truth.join()) exact++;
      if (new Set(truth).size < size) repeats++;
    }
    expect(repeats).toBeGreaterThan(30);
    expect(exact / 40).toBeGreaterThanOrEqual(0.95);
  });

  it("restores batches of one class and of one image", async () => {
    const random = createRandom(9);
    const payload = freshPayload(models.mlp!([3, 8, 8], 10), random);
    const drawn = drawBatch(random, [3, 8, 8], 10, 6);
    for (const batch of [{ ...drawn, labels: [4, 4, 4, 4, 4, 4] }, readRows(drawn, [2])]) {
      const { update } = await trainer.gradient(payload, batch);
      const size = batch.labels.length;
      const round = { round: 0, payload, view: { kind: "upload", update } } as const;
      expect(recoverLabels(round, size, rule).values).toEqual(batch.labels);
    }
  });

  it("gives one label per image even for an update that means nothing", async () => {
    const { round } = await recovered("mlp", 8, 1);
    for (let seed = 0; seed < 20; seed++) {
      const random = createRandom(seed);
      const noise = new Map(
        [...round.view.update].map(([name, { shape, data }]) => {
          const drawn = data.slice();
          random.fillNormal(drawn, 0, 1);
          return [name, { shape, data: drawn }];
        }),
      );
      const { values, warning } = recoverLabels({ ...round, view: { kind: "upload", update: noise } }, 8, rule);
      expect(values).toHaveLength(8);
      expect(warning).toMatch(/do not add up to zero over the classes/);
      expect(values.every((label) => label >= 0 && label < 10)).toBe(true);
    }
  });
});

describe("the default choice of a rule", () => {
  it("is the sign rule for one image and restoration by counts for a batch", async () => {
    const { round } = await recovered("mlp", 8, 2);
    expect(recoverLabels(round, 1).method).toBe("labels/idlg");
    expect(recoverLabels(round, 8).method).toBe("labels/ilrg");
  });
});
