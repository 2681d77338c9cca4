// GRNN on one small portrait, a few steps: the long runs are its proofs (`leakscope reproduce grnn`).
import { describe, expect, it } from "vitest";
import {
  attackContext,
  freshPayload,
  knowledge,
  observation,
  observed,
  playRound,
} from "../../../../test/small-round.js";
import { readBatch } from "../../../data/dataset.js";
import { openDataset } from "../../../data/open.js";
import { createRandom } from "../../../math/random.js";
import { models } from "../../../models/index.js";
import type { AttackContext } from "../../define.js";
import grnn from "./grnn.js";

const portraits = await openDataset({ source: "portraits", size: 8 });
const batch = readBatch(portraits, [1, 2]);
const payload = freshPayload(models.lenet!([3, 8, 8], portraits.classes.length), createRandom(1));
const round = observed(await playRound({ payload, batch }));

interface Run {
  readonly options?: Record<string, unknown>;
  readonly labels?: readonly number[];
  readonly context?: Partial<AttackContext>;
  readonly normalization?: { mean: number[]; deviation: number[] };
}

function run({ options = {}, labels, context, normalization }: Run = {}) {
  const basicKnowledge = { ...knowledge(2), ...(normalization ? { normalization } : {}) };
  return grnn.run(
    {
      observation: observation({ updates: { rounds: [round] }, basicKnowledge, ...(labels ? { labels } : {}) }),
      prepared: undefined,
      secret: undefined,
    },
    grnn.options.parse({ width: 4, iterations: 30, ...options }),
    attackContext(1, context),
  );
}

describe("grnn", () => {
  it("paints ever better, and keeps the best of what it painted", async () => {
    const losses: number[] = [];
    const context = { progress: ({ loss }: { loss: number }) => void losses.push(loss) };
    const { inputs, labels, curve, iterations, exhausted } = await run({ context });
    expect(inputs.shape).toEqual([2, 3, 8, 8]);
    expect(inputs.data.every((value) => value >= 0 && value <= 1)).toBe(true);
    expect(labels!.method).toBe("labels/joint");
    expect(labels!.values.every((label) => label >= 0 && label < portraits.classes.length)).toBe(true);
    expect([iterations, exhausted]).toEqual([30, false]);
    expect(curve.at(-1)!.loss).toBeLessThan(0.5 * curve[0]!.loss);
    expect(losses).toEqual([...losses].sort((a, b) => b - a));
  });

  it("is decided by its seed", async () => {
    expect((await run()).inputs).toEqual((await run()).inputs);
    expect((await run({ context: { random: createRandom(2) } })).inputs).not.toEqual((await run()).inputs);
  });

  it("takes labels that are known, and trains no label branch then", async () => {
    expect((await run({ labels: [1, 2] })).labels).toEqual({ values: [1, 2], method: "known" });
  });

  it("gives pixels whatever clients do to them before the model", async () => {
    const { inputs } = await run({ normalization: { mean: [0.5, 0.4, 0.3], deviation: [0.2, 0.3, 0.4] } });
    expect(inputs.data.every((value) => value >= 0 && value <= 1)).toBe(true);
  });

  it("ends early when its time is over, or when it is called off", async () => {
    const { iterations, exhausted } = await run({ context: { outOfTime: () => true } });
    expect([iterations, exhausted]).toEqual([1, true]);
    await expect(run({ context: { signal: AbortSignal.abort(new Error("stop")) } })).rejects.toThrow("stop");
  });
});
