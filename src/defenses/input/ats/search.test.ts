import { describe, expect, it } from "vitest";
import { backend, drawBatch, freshPayload } from "../../../../test/small-round.js";
import { type Batch, readRows } from "../../../data/dataset.js";
import { createTrainer } from "../../../federated/training.js";
import { descend } from "../../../federated/update.js";
import { createRandom } from "../../../math/random.js";
import { models } from "../../../models/index.js";
import { transformPixels } from "./pixels.js";
import { accuracyScore, privacyScore, rowsByClass } from "./scores.js";
import { searchPolicies } from "./search.js";

const shape = [3, 16, 16] as const;
const CLASSES = 4;

/** Bars of another direction and colour in each class, with noise: what a net learns in a few steps. */
function bars(seed: number, count: number): Batch {
  const batch = drawBatch(createRandom(seed), [...shape], CLASSES, count);
  const labels = Array.from({ length: count }, (_, row) => row % CLASSES);
  batch.inputs.data.forEach((value, i) => {
    const [label, channel] = [labels[Math.floor(i / 768)]!, Math.floor(i / 256) % 3];
    const [row, column] = [Math.floor(i / 16) % 16, i % 16];
    const isBar = (label % 2 === 0 ? row : column) % 5 === label && channel !== label % 3;
    batch.inputs.data[i] = 0.3 * value + (isBar ? 0.7 : 0);
  });
  return { ...batch, labels };
}

async function setting(seed: number, steps: number) {
  const trainer = createTrainer(backend, "float32");
  const fresh = freshPayload(models.lenet!([...shape], CLASSES), createRandom(seed));
  const pictures = bars(seed, 24);
  let weights = fresh.weights;
  for (let step = 0; step < steps; step++) {
    weights = descend(weights, (await trainer.gradient({ model: fresh.model, weights }, pictures)).update, 0.1);
  }
  return { trainer, fresh, pictures, trained: { model: fresh.model, weights } };
}

describe("the search of ats", () => {
  it("scores privacy between -1 and 1, with full agreement at the picture itself", async () => {
    const { trainer, trained, pictures } = await setting(1, 5);
    for (const row of [0, 1, 2]) {
      const { score, path } = await privacyScore(trained, readRows(pictures, [row]), null, createRandom(row), trainer);
      expect(path).toHaveLength(21);
      expect(path[20]).toBeCloseTo(1, 12);
      for (const value of [...path, score]) expect(Math.abs(value)).toBeLessThanOrEqual(1 + 1e-12);
      const again = await privacyScore(trained, readRows(pictures, [row]), null, createRandom(row), trainer);
      expect(again.score).toBe(score);
    }
    await trainer.dispose();
  });

  it("scores accuracy by how unlike the samples are: at most -N, the same in any order, very low for copies", async () => {
    const { trainer, fresh, pictures } = await setting(2, 0);
    const eight = readRows(pictures, [0, 1, 2, 3, 4, 5, 6, 7]);
    const score = await accuracyScore(fresh, eight, backend);
    expect(score).toBeLessThanOrEqual(-8);
    const shuffled = readRows(pictures, [5, 2, 7, 0, 1, 6, 3, 4]);
    expect(Math.abs((await accuracyScore(fresh, shuffled, backend)) / score - 1)).toBeLessThan(1e-6);
    expect(await accuracyScore(fresh, readRows(pictures, Array(8).fill(3)), backend)).toBeLessThan(-1e5);
    await trainer.dispose();
  });

  it("finds policies that pass, best first, the same under a seed, and none when none can pass", async () => {
    const { trainer, fresh, trained, pictures } = await setting(3, 5);
    const search = {
      trained,
      fresh,
      pictures,
      normalization: null,
      candidates: 3,
      perClass: 1,
      batches: 1,
      leastAccuracy: -1e4,
    };
    const tools = { trainer, backend, signal: new AbortController().signal };
    const found = await searchPolicies(search, createRandom(7), tools);
    expect(found.length).toBeGreaterThan(1);
    expect(await searchPolicies(search, createRandom(7), tools)).toEqual(found);
    expect(found.flatMap(({ policy }) => policy).every((entry) => entry >= 0 && entry < 50)).toBe(true);
    const norm = (key: "mean" | "variance", i: number) => {
      const all = found.map(({ privacy }) => privacy[key]);
      return (all[i]! - Math.min(...all)) / (Math.max(...all) - Math.min(...all));
    };
    const ranks = found.map((_, i) => 0.7 * norm("mean", i) + 0.3 * norm("variance", i));
    expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
    expect(await searchPolicies({ ...search, leastAccuracy: -1 }, createRandom(7), tools)).toEqual([]);
    const aborted = { ...tools, signal: AbortSignal.abort(new Error("enough")) };
    await expect(searchPolicies(search, createRandom(7), aborted)).rejects.toThrow("enough");
    await trainer.dispose();
  });

  it("groups rows by class", () => {
    const { inputs } = bars(1, 4);
    expect(rowsByClass({ inputs, labels: [2, 0, 2, 2] }, 2)).toEqual([[1], [0, 2]]);
  });

  it("transforms without a crop where none is asked for", () => {
    const pictures = bars(4, 2);
    const bytes = (batch: Batch) => Array.from(batch.inputs.data, (value) => Math.round(255 * value));
    expect(bytes(transformPixels(pictures, null, [[]], null, createRandom(1)))).toEqual(bytes(pictures));
    expect(bytes(transformPixels(pictures, null, [[29]], null, createRandom(1)))).toEqual(
      bytes(pictures).map((b) => 255 - b),
    );
  });
});
