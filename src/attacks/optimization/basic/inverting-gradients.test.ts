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
import { mapUpdate } from "../../../federated/update.js";
import { createRandom } from "../../../math/random.js";
import { clampImage, splitBatch } from "../../../metrics/image.js";
import { meanSquaredError } from "../../../metrics/similarity/mse.js";
import { models } from "../../../models/index.js";
import type { ObservedRound } from "../../../threat/observation.js";
import type { AttackContext } from "../../define.js";
import attack from "./inverting-gradients.js";

const shape = [1, 8, 8] as const;
const random = createRandom(31);
const batch = drawBatch(random.split("data"), shape, 4, 1);
const payload = freshPayload(models.convnet!(shape, 4), random);
const round = observed(await playRound({ payload, batch }));

const run = (
  options: Record<string, unknown>,
  seen: ObservedRound = round,
  context: Partial<AttackContext> = {},
  size = 1,
) =>
  attack.run(
    {
      observation: observation({ updates: { rounds: [seen] }, basicKnowledge: knowledge(size) }),
      prepared: undefined,
      secret: undefined,
    },
    attack.options.parse({ iterations: 60, ...options }),
    attackContext(1, context),
  );
const decibels = ({ inputs }: Awaited<ReturnType<typeof run>>) =>
  -10 * Math.log10(meanSquaredError(clampImage(splitBatch(inputs)[0]!), splitBatch(batch.inputs)[0]!));

describe("inverting-gradients", () => {
  it("finds the picture, its label, and a distance that falls", async () => {
    const found = await run({ iterations: 600, tv: 1e-4 });
    expect(decibels(found)).toBeGreaterThan(20);
    expect(found.labels).toEqual({ values: batch.labels, method: "labels/idlg" });
    expect(-found.confidence[0]!).toBeLessThan(0.01);
    expect(found.curve.at(-1)!.loss).toBeLessThan(found.curve[0]!.loss / 10);
    expect(found).toMatchObject({ iterations: 600, exhausted: false });
  });

  it("gives the bit-identical picture for an update of half the size", async () => {
    const update = mapUpdate(round.view.update, (value) => value / 2);
    const halved = await run({}, { ...round, view: { kind: "upload", update } });
    const whole = await run({});
    expect(halved.inputs).toEqual(whole.inputs);
    expect(halved.confidence).toEqual(whole.confidence);
  });

  it("depends on every option: sign, projection, variation, rate, start", async () => {
    const plain = await run({});
    const others = [{ signed: false }, { tv: 0.5 }, { learningRate: 0.02 }, { init: "normal" }];
    for (const options of others) {
      const other = await run(options);
      expect(other.inputs.data, JSON.stringify(options)).not.toEqual(plain.inputs.data);
    }
    const [boxed, free] = [await run({ init: "normal" }), await run({ init: "normal", project: false })];
    expect(free.inputs.data).not.toEqual(boxed.inputs.data);
    const early = await run({ init: "normal", project: false, iterations: 3 });
    expect(Math.min(...early.inputs.data)).toBeLessThan(0);
    expect(Math.min(...boxed.inputs.data)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...boxed.inputs.data)).toBeLessThanOrEqual(1);
  });

  it("never ends farther away for more restarts, which it chooses by distance alone", async () => {
    let moved = 0;
    for (const seed of [1, 2, 3, 4]) {
      const context = () => ({ random: createRandom(seed) });
      const [one, two] = [
        await run({ iterations: 25 }, round, context()),
        await run({ iterations: 25, restarts: 2 }, round, context()),
      ];
      expect(-two.confidence[0]!).toBeLessThanOrEqual(-one.confidence[0]!);
      expect(two.iterations).toBe(2 * one.iterations);
      if (two.confidence[0] !== one.confidence[0]) moved++;
    }
    expect(moved).toBeGreaterThan(0);
  });

  it("searches restarts side by side and chooses the same one", async () => {
    const options = { iterations: 15, signed: false, restarts: 3 };
    const [single, several] = [await run(options), await run({ ...options, startsAtOnce: 3 })];
    expect(several.iterations).toBe(single.iterations);
    expect(several.confidence[0]).toBeCloseTo(single.confidence[0]!, 5);
    several.inputs.data.forEach((value, i) => {
      expect(value).toBeCloseTo(single.inputs.data[i]!, 3);
    });
  });

  it("restores the labels of a batch by counts", async () => {
    const several = drawBatch(random.split("several"), shape, 4, 4);
    const seen = observed(await playRound({ payload, batch: several }));
    const found = await run({ iterations: 2 }, seen, {}, 4);
    expect(found.labels!.method).toBe("labels/ilrg");
    expect(found.labels!.values).toEqual([...several.labels].sort((a, b) => a - b));
    expect(found.inputs.shape).toEqual([4, ...shape]);
    expect(found.confidence).toHaveLength(4);
  });

  it("hands over the best so far and says exhausted when its time is over", async () => {
    let asked = 0;
    const cut = await run({ iterations: 500 }, round, { outOfTime: () => ++asked > 10 });
    expect(cut.exhausted).toBe(true);
    expect(cut.iterations).toBe(10);
    expect(cut.inputs.data.every(Number.isFinite)).toBe(true);
  });

  it("says that a model which already predicts the label gives nothing", async () => {
    const name = payload.model.head.bias!;
    const { shape: extents, data } = payload.weights.get(name)!;
    const sure = { shape: extents, data: data.map((value, c) => (c === batch.labels[0] ? value + 20 : value)) };
    const certain = { ...payload, weights: new Map([...payload.weights, [name, sure]]) };
    const seen = observed(await playRound({ payload: certain, batch }));
    expect((await run({ iterations: 2 }, seen)).notes.join()).toMatch(/almost no gradient/);
    expect((await run({ iterations: 2 })).notes.join()).not.toMatch(/almost no gradient/);
  });
});
