import { describe, expect, it } from "vitest";
import { receipt, trainingResult } from "../../test/audit-cases.js";
import { configSchema } from "./config.js";
import { type TrainingResult, trainingSpec } from "./training.js";
import { compareTrainings, type TrainingOutcomes, utilityOf } from "./utility.js";

const config = configSchema.parse({ seed: 4 });
const numbers = configSchema.parse({ utility: { seeds: 2 } }).utility as Exclude<typeof config.utility, false>;
const sent = receipt(false);
const settings = { backend: "node-cpu", content: "embedded" };
const spec = trainingSpec(config, numbers, null, settings);

/** Accuracies by seed and round. */
const trained = (...seeds: readonly (readonly number[])[]): TrainingResult => ({
  ...trainingResult([]),
  heldOut: 100,
  seeds: seeds.map((accuracies) => ({ accuracies, chance: 0.2 })),
});

describe("a training's specification", () => {
  it("takes the setting's rules with the numbers of the training, whatever is attacked in it", () => {
    const attacked = configSchema.parse({
      seed: 4,
      data: { records: [7, 9] },
      federation: { batchSize: 2, perRound: 1 },
    });
    expect(trainingSpec(attacked, numbers, null, settings)).toEqual(spec);
    expect(spec.seeds).toEqual([4, 5]);
    expect(spec.federation).toMatchObject({ rounds: 40, clients: 4, samples: 96, batches: "fresh", dropout: 0 });
    expect(spec.normalization).toBe("dataset");
  });
});

describe("what a defense costs", () => {
  it("is the difference after the last round that all seeds got to", () => {
    const compared = compareTrainings(spec, trained([0.3, 0.5, 0.7], [0.3, 0.4]), trained([0.4, 0.8], [0.5, 0.6, 0.9]));
    expect(compared).toMatchObject({ rounds: 2, with: [0.5, 0.4], without: [0.8, 0.6], learned: true, seeds: [4, 5] });
    expect(compared.drop.mean).toBeCloseTo(0.25, 12);
    // Of 0.3 and 0.2.
    expect(compared.drop.deviation).toBeCloseTo(Math.sqrt(0.005), 12);
  });

  it("is not told by a training that does not get beyond chance", () => {
    // Two standard errors of 200 held-out answers at a chance of 0.2 are 0.057.
    const learned = (accuracy: number) =>
      compareTrainings(spec, trained([0.2], [0.2]), trained([accuracy], [accuracy])).learned;
    expect([learned(0.25), learned(0.26)]).toEqual([false, true]);
  });

  it("has no spread between seeds where there is one", () => {
    expect(compareTrainings({ ...spec, seeds: [4] }, trained([0.3]), trained([0.5])).drop.deviation).toBeNull();
  });
});

describe("a cell's utility", () => {
  const pair = { with: { key: "with", spec }, without: { key: "without", spec } };
  const outcomes = (defended?: TrainingResult | Error, plain?: TrainingResult | Error): TrainingOutcomes =>
    new Map(
      Object.entries({ with: defended, without: plain }).flatMap(([key, value]) => (value ? [[key, value]] : [])),
    );
  const fine = trained([0.5], [0.7]);

  it("stands beside what the receipt tells", () => {
    const { utility } = utilityOf({ utility: pair }, sent, outcomes(fine, trained([0.7], [0.8])));
    expect(utility).toMatchObject({ accuracyWith: 0.6, accuracyWithout: 0.75, bytes: sent.bytes });
    expect(utility).not.toHaveProperty("reason");
  });

  it("says why accuracy is not known", () => {
    const reason = (given: TrainingOutcomes, asked: typeof pair | null = pair) =>
      utilityOf({ utility: asked }, sent, given).utility?.reason;
    expect(reason(outcomes(fine))).toBe("the audit was stopped before the training ended");
    expect(reason(outcomes(new Error("too much noise"), fine))).toBe(
      "the training with the defense failed: too much noise",
    );
    expect(reason(outcomes(fine, new Error("no data")))).toBe("the training without a defense failed: no data");
    expect(reason(outcomes(), null)).toBe("it was not asked for (utility: false)");
  });

  it("is absent without a defense", () => {
    expect(utilityOf({ utility: null }, null, outcomes())).toEqual({});
  });
});
