// GradInversion on small pictures, a few steps: the long runs are its proofs (`leakscope reproduce gradinversion`).
import { describe, expect, it } from "vitest";
import {
  attackContext,
  backend,
  drawBatch,
  freshPayload,
  knowledge,
  observation,
  observed,
} from "../../../../test/small-round.js";
import { compile, createGraph, grad } from "../../../engine/index.js";
import { plainProtocol } from "../../../federated/protocol.js";
import { runRound } from "../../../federated/round.js";
import { createTrainer } from "../../../federated/training.js";
import { createRandom } from "../../../math/random.js";
import { parameterValues } from "../../../models/define.js";
import { models } from "../../../models/index.js";
import gradinversion, { statisticsDistance } from "./gradinversion.js";

const model = models["convnet-bn"]!([3, 8, 8], 6);
const payload = freshPayload(model, createRandom(1));
const batch = { ...drawBatch(createRandom(2), [3, 8, 8], 6, 2), labels: [4, 1] };
const trainer = createTrainer(backend, "float32");
const record = await runRound({
  ...{ round: 0, clients: [{ id: 0, data: batch }], global: payload, trainer, random: createRandom(3) },
  protocol: { ...plainProtocol, algorithm: { kind: "FedSGD", batchSize: 2 }, batches: "fixed" },
  measureStatistics: true,
});
await trainer.dispose();
const statistics = record.clients.get(0)!.statistics;

function run(options: Record<string, unknown> = {}, seen = statistics) {
  return gradinversion.run(
    {
      observation: observation({
        updates: { rounds: [observed(record)] },
        basicKnowledge: knowledge(2),
        clientDistribution: { rounds: [seen] },
      }),
      prepared: undefined,
      secret: undefined,
    },
    gradinversion.options.parse({ iterations: 12, seeds: 2, groupEvery: 3, ...options }),
    attackContext(1),
  );
}

const graph = createGraph();
const x = graph.input("x", [2, 3, 8, 8]);
const distance = statisticsDistance(model, statistics)(x);
const [slope] = grad(distance, [x]);
const program = await compile(
  { distance, slope: slope! },
  { backend, dtype: "float64", bind: parameterValues(payload.weights) },
);

describe("the distance of batch statistics", () => {
  const at = async (data: Float64Array) => {
    const out = await program.run({ x: data });
    return { distance: out.distance![0]!, slope: out.slope! };
  };
  const truth = Float64Array.from(batch.inputs.data);

  it("vanishes at the client's own batch, in whatever order", async () => {
    const turned = Float64Array.from([...truth.subarray(192), ...truth.subarray(0, 192)]);
    expect((await at(truth)).distance).toBeLessThan(1e-4);
    expect((await at(turned)).distance).toBeLessThan(1e-4);
    expect((await at(truth.map((value) => 0.5 * value))).distance).toBeGreaterThan(0.1);
  });

  it("has the derivative that differences give", async () => {
    const point = truth.map((value, i) => value + 0.1 * Math.sin(i));
    const { slope: exact } = await at(point);
    for (const i of [0, 77, 200, 383]) {
      const step = 1e-6;
      const [above, below] = await Promise.all(
        [step, -step].map((d) => at(point.map((value, k) => (k === i ? value + d : value)))),
      );
      expect((above!.distance - below!.distance) / (2 * step)).toBeCloseTo(exact[i]!, 4);
    }
  });
});

describe("gradinversion", () => {
  it("names distinct labels, in order, and gives one picture for each", async () => {
    const { inputs, labels, notes, iterations } = await run();
    expect(labels).toEqual({ values: [1, 4], method: "labels/yin" });
    expect(inputs.shape).toEqual([2, 3, 8, 8]);
    expect(inputs.data.every((value) => value >= 0 && value <= 1)).toBe(true);
    expect(iterations).toBe(24);
    expect(notes[0]).toContain("2 seed(s)");
  });

  it("comes to something else without the group, and to the same with the same seed", async () => {
    const [full, alone] = [await run(), await run({ group: 0 })];
    expect(alone.inputs).not.toEqual(full.inputs);
    expect((await run()).inputs).toEqual(full.inputs);
  });

  it("says so where there are no statistics", async () => {
    expect((await run({}, new Map())).notes).toContain("the model has no BatchNorm: there are no statistics to match");
  });
});
