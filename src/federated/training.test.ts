import { afterAll, describe, expect, it } from "vitest";
import { backend, drawBatch, freshPayload } from "../../test/small-round.js";
import { readRows } from "../data/dataset.js";
import type { Backend } from "../engine/backends/backend.js";
import { mul, sum } from "../engine/index.js";
import { createRandom } from "../math/random.js";
import { models } from "../models/index.js";
import type { LossContext } from "./hooks.js";
import { createTrainer } from "./training.js";
import { addScaled, distortion } from "./update.js";

const random = createRandom(7);
const payload = freshPayload(models.mlp!([1, 4, 4], 3), random);
const batch = drawBatch(random.split("batch"), [1, 4, 4], 3, 5);

/** The backend, counting sessions that were opened and closed. */
function counting() {
  const count = { opened: 0, closed: 0 };
  const counted: Backend = {
    ...backend,
    async load(model, dtype) {
      const session = await backend.load(model, dtype);
      count.opened++;
      return {
        ...session,
        dispose: () => {
          count.closed++;
          return session.dispose();
        },
      };
    },
  };
  return { count, trainer: createTrainer(counted, "float32") };
}

describe("a trainer", () => {
  const trainer = createTrainer(backend, "float32");
  afterAll(() => trainer.dispose());

  it("compiles once for each model, batch size, mode and set of terms", async () => {
    const { count, trainer: counted } = counting();
    const term = ({ logits }: LossContext) => [sum(logits)];
    const uses = [{}, { mode: "train" as const }, { lossTerms: [term] }, { lossTerms: [term, term] }];
    for (const use of [...uses, ...uses]) await counted.gradient(payload, batch, use);
    expect(count.opened).toBe(4);
    await counted.gradient(payload, readRows(batch, [0, 1]));
    await counted.evaluate(payload, batch);
    await counted.evaluate(payload, batch);
    expect(count.opened).toBe(6);
    await counted.dispose();
    expect(count.closed).toBe(6);
  });

  it("does not hold the programs of ever new models", async () => {
    const { count, trainer: counted } = counting();
    for (let sent = 0; sent < 40; sent++) await counted.gradient({ ...payload, model: { ...payload.model } }, batch);
    expect(count.opened).toBe(40);
    expect(count.opened - count.closed).toBeLessThanOrEqual(17);
    await counted.dispose();
    expect(count.closed).toBe(40);
  });

  it("differentiates the sum of the loss and its terms, and reports the loss alone", async () => {
    const plain = await trainer.gradient(payload, batch);
    const term = ({ features }: LossContext) => [mul(0.5, sum(features)), mul(-0.25, sum(features))];
    const both = await trainer.gradient(payload, batch, { lossTerms: [term, () => []] });
    expect(both.added).toEqual([2, 0]);
    expect(both.loss).toBe(plain.loss);
    const other = await trainer.gradient(payload, batch, { lossTerms: [({ features }) => [mul(0.25, sum(features))]] });
    expect(distortion(other.update, both.update).relativeL2).toBeLessThan(1e-6);
    const difference = addScaled(-1, plain.update, both.update);
    const head = payload.model.head.weight;
    expect([...difference.get(head)!.data].every((value) => value === 0)).toBe(true);
    expect(distortion(plain.update, both.update).relativeL2).toBeGreaterThan(1e-2);
  });

  it("measures accuracy in as many runs as it takes", async () => {
    const many = drawBatch(random.split("many"), [1, 4, 4], 3, 300);
    const rows = many.labels.map((_, row) => row);
    const whole = await trainer.evaluate(payload, many);
    const parts = await Promise.all(
      [rows.slice(0, 100), rows.slice(100)].map((part) => trainer.evaluate(payload, readRows(many, part))),
    );
    for (const figure of ["accuracy", "loss"] as const) {
      expect(whole[figure]).toBeCloseTo((100 * parts[0]![figure] + 200 * parts[1]![figure]) / 300, 10);
    }
    expect(whole.loss).toBeCloseTo((await trainer.gradient(payload, many)).loss, 5);
  });
});
