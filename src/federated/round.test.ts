import { describe, expect, it } from "vitest";
import { backend, drawBatch, freshPayload, playRound } from "../../test/small-round.js";
import { readRows } from "../data/dataset.js";
import { compile, createGraph } from "../engine/index.js";
import { createRandom } from "../math/random.js";
import { parameterValues } from "../models/define.js";
import { models } from "../models/index.js";
import { oneHot, traceLoss } from "../models/loss.js";
import { arrange, UnsupportedDefenseError } from "./compose.js";
import type { AttachedDefense, Hooks, Need, Stage, Update } from "./hooks.js";
import { stages } from "./hooks.js";
import { plainProtocol } from "./protocol.js";
import { PayloadRefusedError, runRound } from "./round.js";
import { createTrainer } from "./training.js";
import { distortion, mapUpdate } from "./update.js";

const random = createRandom(3);
const shape = [2, 6, 5] as const;
const model = models.convnet!(shape, 4);
const payload = freshPayload(model, random);
const batch = drawBatch(random.split("data"), shape, 4, 3);

const defense = (
  hooks: Partial<Hooks>,
  stage: Stage = "perturbation",
  needs: readonly Need[] = [],
): AttachedDefense => ({
  id: `test-${stage}`,
  stage,
  needs,
  hooks,
});
const uploaded = async (defenses: readonly AttachedDefense[], seed = 1) =>
  (await playRound({ payload, batch, defenses, seed })).clients.get(0)!.message.update;

describe("an undefended round", () => {
  it("uploads the gradient of the mean loss, as a graph compiled by hand gives it", async () => {
    const graph = createGraph();
    const x = graph.input("x", [3, ...shape]);
    const { loss, gradients } = traceLoss(model, x, graph.input("targets", [3, 4]));
    const named = Object.fromEntries(model.parameters.map(({ name }, i) => [name, gradients[i]!]));
    const program = await compile(
      { loss, ...named },
      { backend, dtype: "float64", bind: parameterValues(payload.weights) },
    );
    const expected = await program.run({ x: batch.inputs.data, targets: oneHot(batch.labels, 4) });
    await program.dispose();
    const record = await playRound({ payload, batch });
    const client = record.clients.get(0)!;
    expect(client.loss).toBeCloseTo((expected as Record<string, Float64Array>).loss![0]!, 5);
    expect([...client.message.update.keys()]).toEqual(model.parameters.map(({ name }) => name));
    for (const [name, { shape: extents, data }] of client.message.update) {
      const reference = (expected as Record<string, Float64Array>)[name]!;
      const largest = Math.max(...reference.map(Math.abs));
      expect(extents).toEqual(model.parameters.find((parameter) => parameter.name === name)!.shape);
      data.forEach((value, i) => {
        expect(Math.abs(value - reference[i]!)).toBeLessThan(1e-5 * largest);
      });
    }
    expect(client.message.bytes).toBe(
      4 * [...client.message.update.values()].reduce((n, { data }) => n + data.length, 0),
    );
  });

  it("steps the weights against the average of its clients, weighted by their samples", async () => {
    const trainer = createTrainer(backend, "float32");
    const clients = [
      { id: 4, data: readRows(batch, [0]) },
      { id: 7, data: readRows(batch, [1, 2]) },
    ];
    const record = await runRound({
      round: 2,
      clients,
      protocol: { ...plainProtocol, algorithm: { kind: "FedSGD", batchSize: 9 }, serverLearningRate: 0.5 },
      global: payload,
      trainer,
      random,
    });
    const whole = await trainer.gradient(payload, batch);
    await trainer.dispose();
    expect([...record.clients.keys()]).toEqual([4, 7]);
    expect(distortion(whole.update, record.aggregate).relativeL2).toBeLessThan(1e-5);
    for (const [name, { data }] of record.released) {
      const [before, step] = [payload.weights.get(name)!.data, record.aggregate.get(name)!.data];
      data.forEach((value, i) => {
        expect(value).toBe(Math.fround(before[i]! - 0.5 * step[i]!));
      });
    }
  });
});

describe("the hook pipeline", () => {
  const traced = (note: <V>(line: string, value: V) => V): Partial<Hooks> => ({
    selectCohort: (pool) => note(`S0 ${pool}`, pool),
    distribute: (sent, client) => note(`S1 to ${client} ${sent === payload}`, sent),
    vetPayload: (sent, history, { client }) =>
      note(`C0 ${client} ${sent === payload} ${history.length}`, { action: "accept", report: "" }),
    prepareDataset: (data) => note(`C1 ${data.labels}`, data),
    drawBatch: (data, size) => note(`C2 ${data.labels.length} of ${size}`, [2, 0]),
    transformBatch: (rows) => note(`C3 ${rows.labels}`, rows),
    wrapModel: (current) => note(`C4 ${current.id}`, current),
    insideBackward: (update, { perSample }) => note(`C6 ${update.size} ${perSample?.length}`, update),
    afterGradient: (update) => note(`C7 ${update.size}`, update),
    afterLocalTraining: (update) => note(`C9 ${update.size}`, update),
    beforeUpload: (message) => note(`C10 ${message.client} ${message.bytes}`, message),
    collect: (messages) => note(`S2 ${messages.length}`, messages),
    aggregate: (messages, shares) => note(`S3 ${shares}`, messages[0]!.update),
    afterAggregate: (update) => note(`S4 ${update.size}`, update),
    applyServerStep: (weights, _, rate) => note(`S5 ${rate} ${weights === payload.weights}`, weights),
  });

  it("calls every hook in order, with the values of its place", async () => {
    const log: string[] = [];
    const note = <V>(line: string, value: V) => {
      log.push(line);
      return value;
    };
    await playRound({ payload, batch, defenses: [defense(traced(note), "perturbation", ["perSampleGrad"])] });
    const bytes = 4 * model.parameters.reduce((n, { shape: extents }) => n + extents.reduce((a, b) => a * b, 1), 0);
    expect(log).toEqual([
      "S0 0",
      "S1 to 0 true",
      "C0 0 true 0",
      `C1 ${batch.labels}`,
      "C2 3 of 3",
      `C3 ${batch.labels[2]},${batch.labels[0]}`,
      "C4 convnet",
      "C6 8 2",
      "C7 8",
      "C9 8",
      `C10 0 ${bytes}`,
      "S2 1",
      "S3 1",
      "S4 8",
      "S5 0.1 true",
    ]);
  });

  it("lets defenses act in canonical order, whatever the order given", async () => {
    const log: string[] = [];
    const all = stages.map((stage) => ({
      ...defense(
        {
          afterLocalTraining: (update) => {
            log.push(stage);
            return mapUpdate(update, (value) => value + 1);
          },
        },
        stage,
      ),
      agreedCoordinates: true,
    }));
    await playRound({ payload, batch, defenses: random.shuffle(all) });
    expect(log).toEqual(stages);
    expect(arrange([...all].reverse(), plainProtocol).map(({ stage }) => stage)).toEqual(stages);
  });

  it("hands each defense the result of the one before it", async () => {
    const plain = await uploaded([]);
    const twice = defense({ afterGradient: (update) => mapUpdate(update, (value) => 2 * value) }, "sparsification");
    const plus = defense({ afterGradient: (update) => mapUpdate(update, (value) => value + 1) }, "perturbation");
    const expected = mapUpdate(plain, (value) => 2 * Math.fround(value + 1));
    expect(distortion(expected, await uploaded([twice, plus])).identity).toBe(true);
  });

  it("trains on the data, batch, weights and model that its hooks return", async () => {
    const onlySecond = await playRound({ payload, batch: readRows(batch, [1]) });
    const drawn = await playRound({ payload, batch, defenses: [defense({ drawBatch: () => [1] })] });
    const expected = onlySecond.clients.get(0)!.message.update;
    expect(drawn.clients.get(0)!.batch.labels).toEqual([batch.labels[1]]);
    expect(distortion(expected, drawn.clients.get(0)!.message.update).identity).toBe(true);
    const prepared = await uploaded([defense({ prepareDataset: (data) => readRows(data, [1]) })]);
    expect(distortion(expected, prepared).identity).toBe(true);
    // The mean over three with weights 0, 3, 0 is the gradient of the second sample.
    const weighted = await uploaded([defense({ transformBatch: (rows) => ({ ...rows, sampleWeights: [0, 3, 0] }) })]);
    expect(distortion(expected, weighted).relativeL2).toBeLessThan(1e-5);
  });
});

describe("per-sample gradients", () => {
  it("average to the gradient of the batch, and come only to a defense that needs them", async () => {
    let seen: readonly Update[] | undefined;
    const look = {
      insideBackward: ((update, { perSample }) => {
        seen = perSample;
        return update;
      }) as Hooks["insideBackward"],
    };
    const whole = await uploaded([defense(look, "per-sample-clip", ["perSampleGrad"])]);
    expect(seen).toHaveLength(3);
    const mean = mapUpdate(seen![0]!, () => 0);
    for (const [name, { data }] of mean)
      for (const one of seen!)
        one.get(name)!.data.forEach((g, i) => {
          data[i]! += g / 3;
        });
    expect(distortion(whole, mean).relativeL2).toBeLessThan(1e-5);
    await uploaded([defense(look)]);
    expect(seen).toBeUndefined();
  });
});

describe("what a round cannot carry", () => {
  const needs = ["secondOrder", "privateParams", "rootSet"] as const;
  it.each(needs)("fails closed on the need %s", async (need) => {
    await expect(uploaded([defense({}, "perturbation", [need])])).rejects.toThrow(UnsupportedDefenseError);
    expect(() => arrange([defense({}, "perturbation", [need])], plainProtocol)).toThrow(
      `test-perturbation needs "${need}"`,
    );
  });

  it("fails closed on a local step, which FedSGD does not take", async () => {
    const stepping = defense({ localStep: (weights) => weights });
    await expect(uploaded([stepping])).rejects.toThrow(UnsupportedDefenseError);
    expect(() => arrange([stepping], plainProtocol)).toThrow(
      'test-perturbation acts at "localStep", which a FedSGD round',
    );
  });

  it.each(["reject", "quarantine"] as const)("stops when a client answers a payload with %s", async (action) => {
    const wary = defense({ vetPayload: () => ({ action, report: "identical rows" }) }, "detection");
    await expect(uploaded([wary])).rejects.toThrow(PayloadRefusedError);
    await expect(uploaded([wary])).rejects.toThrow(`client 0, defense test-detection: ${action}: identical rows`);
  });
});

describe("the randomness of a defense", () => {
  const noise: Hooks["afterGradient"] = (update, { random: own }) => mapUpdate(update, (value) => value + own.normal());

  it("is a function of the seed, the round, the defense and the hook", async () => {
    const noisy = defense({ afterGradient: noise });
    const first = await uploaded([noisy], 8);
    expect(distortion(first, await uploaded([noisy], 8)).identity).toBe(true);
    expect(distortion(first, await uploaded([noisy], 9)).identity).toBe(false);
    const other = { ...noisy, id: "test-other" };
    expect(distortion(first, await uploaded([other], 8)).identity).toBe(false);
    // A second defense before it, drawing numbers of its own, changes nothing for it.
    const before = defense(
      { afterGradient: (update, { random: own }) => mapUpdate(update, (value) => value + 0 * own.normal()) },
      "data",
    );
    expect(distortion(first, await uploaded([before, noisy], 8)).identity).toBe(true);
  });

  it("differs between two hooks of one defense", async () => {
    const draws: number[] = [];
    const draw: Hooks["afterGradient"] = (update, { random: own }) => {
      draws.push(own.normal());
      return update;
    };
    const both = defense({ afterGradient: draw, afterLocalTraining: draw });
    await uploaded([both]);
    expect(draws).toHaveLength(2);
    expect(draws[0]).not.toBe(draws[1]);
  });
});
