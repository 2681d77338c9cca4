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
import { models } from "../../../models/index.js";
import { detailsOf } from "../../../threat/details.js";
import type { AttackContext } from "../../define.js";
import attack from "./dlf.js";

const shape = [1, 8, 8] as const;
const random = createRandom(21);
const batch = drawBatch(random.split("data"), shape, 4, 4);
const labels = [...batch.labels].sort((a, b) => a - b);

async function trained(name: string, learningRate = 0.1, mode: "eval" | "train" = "eval") {
  const kind = {
    kind: "FedAvg",
    batchSize: 2,
    localEpochs: 2,
    learningRate,
    momentum: 0.5,
    weightDecay: 0.01,
  } as const;
  const protocol = { ...plainProtocol, algorithm: kind, mode };
  const { records } = await play({
    ...protocol,
    start: freshPayload(models[name]!(shape, 4), random),
    clients: [{ id: 0, data: batch }],
    rounds: 1,
  });
  return { round: observed(records[0]!), trainingDetails: detailsOf(protocol, 4) };
}
const plain = await trained("mlp");
const convolutional = await trained("convnet");

const run = (
  options: Record<string, unknown> = {},
  { round, trainingDetails } = plain,
  context: Partial<AttackContext> = {},
) =>
  attack.run(
    {
      observation: observation({ updates: { rounds: [round] }, basicKnowledge: knowledge(4), trainingDetails, labels }),
      prepared: undefined,
      secret: undefined,
    },
    attack.options.parse({ iterations: 5, ...options }),
    attackContext(1, context),
  );

describe("dlf", () => {
  it("comes nearer to the update, and says how far training went and which pictures it is sure of", async () => {
    const found = await run({ iterations: 50 }, convolutional);
    expect(found.inputs.shape).toEqual([4, ...shape]);
    expect(found.curve.at(-1)!.loss).toBeLessThan(found.curve[0]!.loss / 2);
    expect(found).toMatchObject({ iterations: 50, exhausted: false, labels: { values: labels, method: "known" } });
    expect(new Set(found.confidence).size).toBe(4);
    expect(found.notes.join()).toMatch(/moved the weights by \d\.\de-2 of their length(,|$)/);
    expect((await run({ iterations: 1 }, await trained("mlp", 1e-3))).notes.join()).toMatch(/one gradient .* same/);
  });

  it("explains the update better by all steps than by one gradient", async () => {
    const options = { iterations: 80, tv: 0, prior: 0 };
    const [full, single] = [
      await run(options, convolutional),
      await run({ ...options, unroll: "single" }, convolutional),
    ];
    expect(full.curve.at(-1)!.loss).toBeLessThan(single.curve.at(-1)!.loss / 2);
  });

  it("depends on every option", async () => {
    const one = await run();
    const others = [
      { tv: 0 },
      { prior: 0 },
      { view: "pixels" },
      { clip: 0, learningRate: 0.5 },
      { layerWeights: "equal" },
      { epochs: "shared" },
      { decay: 0.5 },
    ];
    for (const options of others) {
      expect((await run(options)).inputs.data, JSON.stringify(options)).not.toEqual(one.inputs.data);
    }
  });

  it("recovers label counts itself where they are not known", async () => {
    const { round, trainingDetails } = plain;
    const seen = observation({ updates: { rounds: [round] }, basicKnowledge: knowledge(4), trainingDetails });
    const found = await attack.run(
      { observation: seen, prepared: undefined, secret: undefined },
      attack.options.parse({ iterations: 1, labelRule: "geng-counts" }),
      attackContext(1),
    );
    expect(found.labels!.method).toBe("labels/geng-counts");
    expect(found.labels!.values).toHaveLength(4);
  });

  it("simulates clients that normalise by the statistics of their mini-batches", async () => {
    const training = await trained("convnet-bn", 0.05, "train");
    const [right, wrong] = [
      await run({ iterations: 1, prior: 0 }, training),
      await run(
        { iterations: 1, prior: 0 },
        { ...training, trainingDetails: { ...training.trainingDetails, mode: "eval" } },
      ),
    ];
    expect(right.curve[0]!.loss).not.toBeCloseTo(wrong.curve[0]!.loss, 3);
  });

  it("hands over the best so far when its time is over, and stops at an abort", async () => {
    let asked = 0;
    const cut = await run({ iterations: 500 }, plain, { outOfTime: () => ++asked > 5 });
    expect(cut).toMatchObject({ exhausted: true, iterations: 5 });
    await expect(run({}, plain, { signal: AbortSignal.abort(new Error("stopped")) })).rejects.toThrow("stopped");
  });

  it("names what it needs: local training", async () => {
    const trainingDetails = detailsOf(plainProtocol, 4);
    await expect(run({}, { ...plain, trainingDetails })).rejects.toThrow("FedAvg");
  });
});
