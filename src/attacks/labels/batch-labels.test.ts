import { afterAll, describe, expect, it } from "vitest";
import { shareNamed } from "../../../test/label-cells.js";
import { attackContext, backend, drawBatch, freshPayload, knowledge, observation } from "../../../test/small-round.js";
import { createTrainer } from "../../federated/training.js";
import { createRandom } from "../../math/random.js";
import { tensor } from "../../math/tensor.js";
import { models } from "../../models/index.js";
import type { ObservedRound, TrainingDetails } from "../../threat/observation.js";
import invertingGradients from "../optimization/basic/inverting-gradients.js";
import { batchLabels } from "./batch-labels.js";
import { dummyPictures, measureProbe } from "./probe.js";

const trainer = createTrainer(backend, "float32");
afterAll(() => trainer.dispose());

const SHAPE = [3, 8, 8] as const;
const CLASSES = 10;
const sorted = (labels: readonly number[]) => [...labels].sort((a, b) => a - b);

async function seen(id: string, size: number, seed: number) {
  const random = createRandom(seed);
  const payload = freshPayload(models[id]!(SHAPE, CLASSES), random.split("net"));
  const batch = drawBatch(random.split("batch"), SHAPE, CLASSES, size);
  const { update } = await trainer.gradient(payload, batch);
  const round: ObservedRound = { round: 0, payload, view: { kind: "upload", update } };
  return { round, payload, batch, random, updates: { rounds: [round] }, basicKnowledge: knowledge(size) };
}

describe("what an attack is told of labels", () => {
  it("is what the case assumes, in its order", async () => {
    const { updates } = await seen("mlp", 2, 1);
    const labels = [7, 3];
    expect(await batchLabels({ updates, labels }, { labelRule: "auto" }, attackContext(1))).toEqual({
      values: labels,
      method: "known",
    });
  });

  it("is read off the update by the rule that is asked for, with pictures where it needs them", async () => {
    const { updates, basicKnowledge, batch, random } = await seen("mlp", 6, 2);
    const surrogateData = drawBatch(random.split("surrogate"), SHAPE, CLASSES, 70);
    for (const labelRule of ["ilrg", "e2egi", "llg-plus", "llg-star", "geng-counts"] as const) {
      const found = await batchLabels({ updates, basicKnowledge, surrogateData }, { labelRule }, attackContext(1));
      expect(found.method).toBe(`labels/${labelRule}`);
      expect(shareNamed(found.values, batch.labels)).toBeGreaterThanOrEqual(labelRule === "ilrg" ? 1 : 5 / 6);
    }
  });

  it("is for one image where nothing is known of the batch", async () => {
    const { updates, batch } = await seen("mlp", 1, 3);
    const found = await batchLabels({ updates }, { labelRule: "auto" }, attackContext(1));
    expect(found).toEqual({ values: batch.labels, method: "labels/idlg" });
  });

  it("comes by surrogate pictures where the last layer has no bias and they are granted, else without", async () => {
    const { updates, basicKnowledge, batch, random } = await seen("cnn6", 4, 4);
    const surrogateData = drawBatch(random.split("surrogate"), SHAPE, CLASSES, 40);
    const told = await batchLabels({ updates, basicKnowledge, surrogateData }, { labelRule: "auto" }, attackContext(1));
    expect(told).toMatchObject({ values: sorted(batch.labels), method: "labels/geng-counts" });
    const alone = await batchLabels({ updates, basicKnowledge }, { labelRule: "auto" }, attackContext(1));
    expect(alone).toMatchObject({ values: sorted(batch.labels), method: "labels/e2egi" });
    expect(alone.warning).toContain("those of cnn6 may be negative");
  });

  it("says that LLG+ needs surrogate pictures", async () => {
    const { updates, basicKnowledge } = await seen("mlp", 4, 5);
    await expect(batchLabels({ updates, basicKnowledge }, { labelRule: "llg-plus" }, attackContext(1))).rejects.toThrow(
      "labelRule llg-plus needs labelled surrogate pictures",
    );
  });

  it("is an option of attacks, and reaches the report", async () => {
    const { updates, basicKnowledge, batch } = await seen("cnn6", 3, 6);
    const run = async (chosen: object) => {
      const options = invertingGradients.options.parse({ iterations: 1, ...chosen });
      const input = { observation: observation({ updates, basicKnowledge }), prepared: undefined, secret: undefined };
      return invertingGradients.run(input, options, attackContext(1));
    };
    expect((await run({})).labels).toEqual({ values: sorted(batch.labels), method: "labels/e2egi" });
    expect((await run({ labelRule: "yin" })).labels!.method).toBe("labels/yin");
    expect((await run({})).notes.join()).toContain("may be negative");
    expect(() => invertingGradients.options.parse({ labelRule: "guess" })).toThrow();
  });
});

describe("local training", () => {
  /** Three steps on a batch of mean gradient, each taken at the weights that the one before left. */
  async function trained(seed: number) {
    const { payload, batch, random } = await seen("mlp", 8, seed);
    const training: TrainingDetails = {
      algorithm: "FedAvg",
      learningRate: 0.02,
      localEpochs: 3,
      batchSize: 8,
      sampleCount: 8,
      mode: "eval",
      momentum: 0,
      weightDecay: 0,
      steps: 3,
    };
    let weights = payload.weights;
    for (let step = 0; step < training.steps; step++) {
      const { update } = await trainer.gradient({ ...payload, weights }, batch);
      weights = new Map(
        [...weights].map(([name, { shape, data }]) => [
          name,
          tensor(
            shape,
            data.map((value, i) => value - training.learningRate * update.get(name)!.data[i]!),
          ),
        ]),
      );
    }
    const update = new Map(
      [...payload.weights].map(([name, { shape, data }]) => [
        name,
        tensor(
          shape,
          data.map((value, i) => value - weights.get(name)!.data[i]!),
        ),
      ]),
    );
    const round: ObservedRound = { round: 0, payload, view: { kind: "upload", update } };
    return { round, batch, weights, training, random };
  }

  it("leaves labels to ilrg and geng-counts, from all samples of the client", async () => {
    const { round, batch, training, random } = await trained(7);
    const surrogateData = drawBatch(random.split("surrogate"), SHAPE, CLASSES, 64);
    for (const labelRule of ["auto", "geng-counts"] as const) {
      const observed = { updates: { rounds: [round] }, trainingDetails: training, surrogateData };
      const { values } = await batchLabels(observed, { labelRule }, attackContext(1));
      expect(values).toEqual(sorted(batch.labels));
    }
  });

  it("moves what the model makes of pictures from the first state to the last", async () => {
    const { round, weights, training, random } = await trained(8);
    const shown = dummyPictures(round, 8, 10, random);
    expect(shown.inputs.shape).toEqual([16, ...SHAPE]);
    const probe = await measureProbe("dummies", shown, { backend, round, atOnce: 8, moved: training.steps > 0 });
    const after = { ...round, payload: { ...round.payload, weights } };
    const there = await measureProbe("dummies", shown, { backend, round: after, atOnce: 16 });
    const [first, last] = probe.states;
    const apart = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)));
    expect(apart(last!.featureSums, there.states[0].featureSums)).toBeLessThan(1e-4);
    expect(apart(last!.probabilities, there.states[0].probabilities)).toBeLessThan(1e-5);
    expect(apart(first.featureSums, there.states[0].featureSums)).toBeGreaterThan(1e-3);
    for (let image = 0; image < 16; image++) {
      const row = Array.from(first.probabilities).slice(image * CLASSES, (image + 1) * CLASSES);
      expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
    }
  });
});
