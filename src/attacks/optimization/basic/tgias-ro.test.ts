import { describe, expect, it } from "vitest";
import { play } from "../../../../test/small-federation.js";
import {
  attackContext,
  drawBatch,
  freshPayload,
  knowledge,
  observation,
  observed,
} from "../../../../test/small-round.js";
import { plainProtocol } from "../../../federated/protocol.js";
import { createRandom } from "../../../math/random.js";
import { clampImage, splitBatch } from "../../../metrics/image.js";
import { meanSquaredError } from "../../../metrics/similarity/mse.js";
import { models } from "../../../models/index.js";
import type { AttackContext } from "../../define.js";
import inverting from "./inverting-gradients.js";
import attack from "./tgias-ro.js";

const shape = [1, 8, 8] as const;
const random = createRandom(33);
const batch = drawBatch(random.split("data"), shape, 4, 1);
const { records } = await play({
  ...plainProtocol,
  start: freshPayload(models.convnet!(shape, 4), random),
  clients: [{ id: 0, data: batch }],
  rounds: 10,
  algorithm: { kind: "FedSGD", batchSize: 1 },
  batches: "fixed",
  serverLearningRate: 0.01,
});
const rounds = records.map(observed);

const run = (options: Record<string, unknown>, context: Partial<AttackContext> = {}, by = attack) =>
  by.run(
    {
      observation: observation({ updates: { rounds }, basicKnowledge: knowledge(1) }),
      prepared: undefined,
      secret: undefined,
    },
    by.options.parse({ iterations: 40, ...options }),
    attackContext(1, context),
  );
const decibels = ({ inputs }: Awaited<ReturnType<typeof run>>) =>
  -10 * Math.log10(meanSquaredError(clampImage(splitBatch(inputs)[0]!), splitBatch(batch.inputs)[0]!));

describe("tgias-ro", () => {
  it("comes nearer with several rounds than with one, and recovers the label from all", async () => {
    const [several, one] = [await run({ iterations: 100 }), await run({ iterations: 100, rounds: 1 })];
    expect(decibels(several)).toBeGreaterThan(decibels(one) + 3);
    expect(several.labels).toEqual({ values: batch.labels, method: "labels/idlg" });
    expect(several.notes[0]).toMatch(/median over 10 rounds/);
    expect(several).toMatchObject({ iterations: 100, exhausted: false });
  });

  it("with one round and the mean is Inverting Gradients without total variation", async () => {
    const options = { iterations: 30, tv: 0 };
    const [one, other] = [await run({ ...options, rounds: 1, aggregate: "mean" }), await run(options, {}, inverting)];
    expect(Math.abs(decibels(one) - decibels(other))).toBeLessThan(0.05);
    expect(one.confidence[0]).toBeCloseTo(other.confidence[0]!, 3);
  });

  it("names at least 9 of 10 rounds of noise, and hardly a right one", async () => {
    const seen = { noise: 0, found: 0, wrong: 0 };
    for (const seed of [1, 2, 3]) {
      const { notes } = await run({ iterations: 40, noiseRounds: 0.3 }, { random: createRandom(seed) });
      const listed = (pattern: RegExp) => notes.flatMap((note) => pattern.exec(note)?.[1]?.split(", ") ?? []);
      const replaced = listed(/^rounds (.*) were replaced/);
      const named = listed(/^rounds (.*) do not fit/);
      seen.noise += replaced.length;
      seen.found += replaced.filter((round) => named.includes(round)).length;
      seen.wrong += named.filter((round) => !replaced.includes(round)).length;
    }
    expect(seen.noise).toBe(9);
    expect(seen.found).toBeGreaterThanOrEqual(9 * 0.9);
    expect(seen.wrong).toBeLessThanOrEqual(1);
  });

  it("depends on every option", async () => {
    const plain = await run({ iterations: 15, rounds: 5 });
    const others = [
      { aggregate: "mean" },
      { aggregate: "krum" },
      { keep: 0.3 },
      { rounds: 4 },
      { tv: 0.5 },
      { noiseRounds: 0.5 },
      { learningRate: 0.01 },
    ];
    for (const options of others) {
      const other = await run({ iterations: 15, rounds: 5, ...options });
      expect(other.inputs.data, JSON.stringify(options)).not.toEqual(plain.inputs.data);
    }
  });

  it("hands over the best so far when its time is over, and stops at an abort", async () => {
    let asked = 0;
    const cut = await run({ iterations: 500 }, { outOfTime: () => ++asked > 4 });
    expect(cut).toMatchObject({ exhausted: true, iterations: 4 });
    await expect(run({}, { signal: AbortSignal.abort(new Error("stopped")) })).rejects.toThrow("stopped");
  });
});
